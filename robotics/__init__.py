"""Touch machines: links to robot controllers, the telemetry bus, models of motion and energy."""
