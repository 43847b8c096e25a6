// What the page does at once when there is a script: it has the agent judge what was typed, and says
// so beside the field. Without it the same is said after "Save". The agent alone knows the rules.
"use strict";

const sheet = document.getElementById("sheet");

function byName(name) {
	return sheet.elements.namedItem(name);
}

function rowOf(field) {
	return field.closest(".row");
}

function tell(field, kind, text) {
	const row = rowOf(field);
	const message = row.querySelector(".message");
	const confirm = row.querySelector(".confirm");
	const box = confirm.querySelector("input");
	if (message.textContent !== text)
		message.textContent = text;
	message.className = "message " + kind;
	field.setAttribute("aria-invalid", kind === "error");
	if (box.value !== field.value) {
		box.value = field.value;
		box.checked = false;
	}
	confirm.hidden = kind !== "warning" && !box.checked;
}

function isValue(field) {
	return field.name.startsWith("v:");
}

function show(found) {
	for (const field of sheet.elements) {
		if (!isValue(field))
			continue;
		const said = found[field.name];
		const held = byName("o" + field.name.slice(1)).value;
		if (said)
			tell(field, said.kind, said.text);
		else
			tell(field, "note", field.value !== held ? sheet.dataset.unsaved : "");
	}
}

function note(text) {
	document.getElementById("note").textContent = text;
}

// A row that is only half written is not wrong yet.
function halfWritten(row) {
	const inputs = [...row.querySelectorAll("input:not([type=hidden]):not([type=checkbox])")];
	return row.classList.contains("fresh") && inputs.some((input) => input.value === "");
}

let asked = 0;

async function check() {
	const turn = ++asked;
	try {
		const answer = await fetch("/check", { method: "POST", body: new URLSearchParams(new FormData(sheet)) });
		const found = (await answer.json()).fields;
		if (turn !== asked || !found)
			return;
		for (const row of sheet.querySelectorAll(".row.fresh"))
			if (halfWritten(row))
				delete found[row.querySelector("input[name^='v:']").name];
		show(found);
		note("");
	} catch {
		note(sheet.dataset.silent);
	}
}

if (sheet) {
	sheet.addEventListener("change", check);
	let sending = false;
	sheet.addEventListener("submit", () => { sending = true; });
	window.addEventListener("beforeunload", (event) => {
		const unsaved = [...sheet.elements].some((field) => isValue(field) && field.value !== field.defaultValue);
		if (unsaved && !sending)
			event.preventDefault();
	});
}

// What is on its way changes by itself: its place is filled anew from a fresh page, the rest stays.
const LOOK_AGAIN_MS = 5000;

function place(of, key) {
	return of.querySelector(`[data-live="${CSS.escape(key)}"]`);
}

async function lookAgain() {
	if (document.hidden || !document.querySelector(".state.waiting, .line.down"))
		return;
	try {
		const answer = await fetch(location.href);
		const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
		for (const old of document.querySelectorAll("[data-live]")) {
			const now = place(fresh, old.dataset.live);
			if (now && now.textContent !== old.textContent)
				old.replaceWith(now);
		}
	} catch {
		// the agent is away: the next look tells
	}
}

setInterval(lookAgain, LOOK_AGAIN_MS);

const result = document.querySelector(".result");
if (result) {
	result.tabIndex = -1;
	result.focus();
}
