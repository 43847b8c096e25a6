#include "dashboard/assets.h"

#include <stddef.h>
#include <string.h>

/* The assembler puts the file between two labels; CMake compiles this anew when one changes. */
#define EMBED(name, file)                                                                          \
	__asm__(".section .rodata\n" #name ": .incbin \"" WEB_DIR "/" file "\"\n" #name "_end:\n"  \
		".previous\n");                                                                    \
	extern const char name[], name##_end[]

EMBED(province_css, "page.css");
EMBED(province_js, "page.js");

static const struct asset assets[] = {
	{ "/page.css", "text/css; charset=utf-8", province_css, province_css_end },
	{ "/page.js", "text/javascript; charset=utf-8", province_js, province_js_end },
};

const struct asset *assets_find(const char *path)
{
	for (size_t i = 0; i < sizeof(assets) / sizeof(assets[0]); i++)
		if (strcmp(assets[i].path, path) == 0)
			return &assets[i];
	return NULL;
}
