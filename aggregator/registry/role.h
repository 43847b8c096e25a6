/* What somebody may do here. Each role may do what those before it may. */
#pragma once

enum role {
	ROLE_NONE,     /* nothing: whoever is not known. No route is open to it */
	ROLE_CLERK,    /* types the figures of one office, and may ask here who he is */
	ROLE_VIEWER,   /* reads, and lets the ledger be verified */
	ROLE_OPERATOR, /* closes, releases, moves, renames, publishes, tells offices */
	ROLE_ADMIN,    /* imports, adds offices, gives accounts a shown name */
	/* Keys, invitations, tokens, backups, repairs: root, and the aggregator's own user, who
	 * could read the province's key anyway; on this machine alone. No token has it. */
	ROLE_LOCAL,
};

/** As tokens have it and people type it: "viewer". */
const char *role_word(enum role role);
/** The inverse, of what a token may have; ROLE_NONE: there is none. */
enum role role_of_word(const char *word);
