/* Optional: everything works without it. While the page is seen, it asks once a minute whether there is a newer one; the browser
 * asks with the tag of what it has, so that an unchanged page costs no bytes. A newer one takes the place of <main> and of the
 * foot, and whatever had the focus has it again. */
"use strict";

const EVERY_MS = 1000 * (document.body.dataset.every || 60); /* below 0: it stays as it is */
let asked = Date.now();

function placeOf(element) {
	if (element.id)
		return document.getElementById(element.id);
	const kind = `main ${element.tagName.toLowerCase()}${element.getAttribute("href") ? `[href="${CSS.escape(element.getAttribute("href"))}"]` : ""}`;
	return document.querySelector(kind);
}

function isBusy() {
	const at = document.activeElement;
	return at && at.closest("form") && at.closest("main");
}

async function refresh() {
	asked = Date.now();
	const answer = await fetch(location.href, { cache: "no-cache", headers: { Accept: "text/html" } });
	if (answer.redirected)
		location.reload();
	if (!answer.ok)
		return;
	const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
	const opened = [...document.querySelectorAll("main details")].map((one) => one.open);
	for (const kind of ["main", "footer"]) {
		const mine = document.querySelector(kind), theirs = fresh.querySelector(kind);
		if (!mine || !theirs || mine.innerHTML === theirs.innerHTML)
			continue;
		const focused = mine.contains(document.activeElement) ? document.activeElement : null;
		const [x, y] = [scrollX, scrollY];
		mine.replaceChildren(...theirs.childNodes);
		if (kind === "main")
			document.querySelectorAll("main details").forEach((one, i) => { one.open = opened[i] || one.open; });
		if (focused)
			(placeOf(focused) || mine).focus({ preventScroll: true });
		scrollTo(x, y);
	}
	document.title = fresh.title;
}

function tick() {
	if (EVERY_MS > 0 && document.visibilityState === "visible" && Date.now() - asked >= EVERY_MS && !isBusy())
		refresh().catch(() => { /* the next minute tries again */ });
}

setInterval(tick, Math.min(5000, Math.abs(EVERY_MS)));
document.addEventListener("visibilitychange", tick);
