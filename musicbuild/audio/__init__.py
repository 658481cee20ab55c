"""What is known of audio as bytes and samples; it knows nothing of the rest of musicbuild."""
