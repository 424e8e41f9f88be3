"""Files <-> frames. The only room that imports PyAV and Pillow."""
