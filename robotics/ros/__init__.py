"""ROS 2 without ROS: names of devices, definitions of messages, and messages as bytes."""
