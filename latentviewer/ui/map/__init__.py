"""The map: points, camera, legend and tools."""
