"""Measurements that anyone can run: `make bench`. Real servers on loopback, the application through `flask serve`."""
