"""Gazebo Transport over pyzmq and protobuf: no Gazebo library and no ROS is needed for it."""
