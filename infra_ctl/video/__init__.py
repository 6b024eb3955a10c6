"""Would a meeting be seen and heard? Rooms, their registrars and the ways to them, looked at and judged."""
