"""Weights in the files of torch and safetensors, read without running anything."""
