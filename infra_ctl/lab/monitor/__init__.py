"""The monitoring stack on a twin: where it stands, what runs of it, up and down."""
