"""A site as a Gazebo world: SDF models of all its devices and places, and the bridge to ROS."""
