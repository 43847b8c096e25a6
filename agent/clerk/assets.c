#include "clerk/assets.h"

#include <string.h>

/* The assembler puts the file between two labels; CMake compiles this anew when one changes. */
#define EMBED(name, file)                                                                          \
	__asm__(".section .rodata\n" #name ": .incbin \"" WEB_DIR "/" file "\"\n" #name "_end:\n"  \
		".previous\n");                                                                    \
	extern const char name[], name##_end[]

EMBED(page_css, "page.css");
EMBED(page_js, "page.js");
EMBED(icon_svg, "icon.svg");

static const struct asset assets[] = {
	{ "/page.css", "text/css; charset=utf-8", page_css, page_css_end },
	{ "/page.js", "text/javascript; charset=utf-8", page_js, page_js_end },
	{ "/icon.svg", "image/svg+xml", icon_svg, icon_svg_end },
};

const struct asset *asset_find(const char *path)
{
	for (size_t i = 0; i < sizeof(assets) / sizeof(assets[0]); i++)
		if (strcmp(assets[i].path, path) == 0)
			return &assets[i];
	return NULL;
}
