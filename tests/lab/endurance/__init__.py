"""Every exporter under what it should never be given, for a while: `python -m tests.lab.endurance`.

board     a few numbers that its processes share
far       the city behind the wire, which answers as badly as it is told to
stepped   a clock that is set under way, for processes that are started with it
ground    the two namespaces, every exporter in one of them, and what each of them holds
asking    requests as nobody should send them
faults    what goes wrong, a round at a time
crowd     an exporter with ten thousand targets of which nobody answers
"""
