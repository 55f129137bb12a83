"""Encoders and decoders in ONNX files."""
