"""SIP as far as a probe needs it: questions that change nothing (OPTIONS, and what a registrar knows)."""
