"""Electronic mail: a bill as a letter, and the conversation with a mail server that knows whether the letter was taken."""
