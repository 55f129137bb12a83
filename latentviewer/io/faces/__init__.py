"""`faces`: cartoon portraits drawn by code, any number of them, with attributes known exactly."""
