/* The page of files: one is handed in, what became of it, and of those before it. */
#pragma once

#include "clerk/frame.h"
#include "clerk/upload.h"

struct files_look {                    /* borrowed */
	const char *token;             /* that the form must bring back */
	const char *trouble;           /* a sentence above it: why nothing was taken; NULL */
	const struct outcome *outcome; /* of the one that was just taken; NULL */
	const struct told *told;       /* [n_told]: of it */
	size_t n_told, n_untold;
	const struct outcome *before; /* [n_before]: the newest, the newest first */
	size_t n_before;
};

/** @frame: place, title and path are set here. */
void files_write(struct html *html, const struct frame *frame, const struct files_look *look);
