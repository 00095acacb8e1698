"""What the end-to-end tests need: packages, upstreams that can misbehave, proxies, and a way to run the program.

Nothing in here may talk to anything but loopback, and nothing may wait by sleeping for a fixed time.
"""
