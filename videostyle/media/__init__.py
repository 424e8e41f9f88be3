"""Files <-> frames. The only room that knows PyAV and Pillow."""
