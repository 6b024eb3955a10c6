"""What goes wrong while routers are deployed, and what has to be true whatever it was.

ground    a small living slice of the city to do it on, and the database of its journal
fault     what a fault is: when it strikes, what it does, how it ends
kinds     all that we know, by kind
trial     one deploy that meets one fault, dealt from a seed
judge     what must hold after it, told by nothing of what is tested
"""
