"""Side-by-side runs against peers: the same live routers, interleaved, medians and ratios of one run."""
