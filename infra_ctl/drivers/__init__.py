"""Sessions with devices: what every driver promises, how one is found, and the drivers themselves."""
