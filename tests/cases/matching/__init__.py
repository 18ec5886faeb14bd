"""Account texts as people and banks damage them: the list, and the program that drew it."""
