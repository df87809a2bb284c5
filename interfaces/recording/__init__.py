"""The gate for robotics engineers' tools: MCAP files and a Foxglove server, without any ROS."""
