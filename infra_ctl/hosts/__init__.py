"""Linux hosts: what each role asks of one, and the worker process that does it with pyinfra."""
