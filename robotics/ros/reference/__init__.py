"""Reference controllers: an AGV, a crane and a scanner as ROS 2 nodes, for integrators to copy."""
