/* What somebody may do here. Each role may do what those before it may. */
#pragma once

enum role {
	ROLE_NONE,     /* nothing: whoever is not known. No route is open to it */
	ROLE_VIEWER,   /* reads, and lets the ledger be verified */
	ROLE_OPERATOR, /* closes, releases, moves, renames, publishes, tells offices */
	ROLE_ADMIN,    /* imports, adds offices, gives accounts a shown name */
	/* Keys, invitations, backups, repairs: root, and the aggregator's own user, who could read
	 * the province's key anyway; on this machine alone. */
	ROLE_LOCAL,
};
