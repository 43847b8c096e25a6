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

function isNote(field) {
	return field.classList.contains("say");
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

// What the server has added up and counted, beside what it is of.
function tally(kind, found) {
	for (const place of document.querySelectorAll(`[data-${kind}]`))
		if (place.dataset[kind] in found)
			place.textContent = found[place.dataset[kind]];
}

// A row that is only half written is not wrong yet.
function halfWritten(row) {
	const inputs = [...row.querySelectorAll("input:not([type=hidden]):not([type=checkbox]):not(.say)")];
	return row.classList.contains("fresh") && inputs.some((input) => input.value === "");
}

let asked = 0;

async function check() {
	const turn = ++asked;
	try {
		const answer = await fetch("check", { method: "POST", body: new URLSearchParams(new FormData(sheet)) });
		const said = await answer.json();
		const found = said.fields;
		if (turn !== asked || !found)
			return;
		tally("total", said.totals);
		tally("done", said.done);
		for (const row of sheet.querySelectorAll(".row.fresh"))
			if (halfWritten(row))
				delete found[row.querySelector("input[name^='v:']").name];
		show(found);
		note("");
	} catch {
		note(sheet.dataset.silent);
	}
}

// Fields that a person sees, from @first on: folded parts are passed over.
function seenFrom(first) {
	const fields = [...sheet.elements].filter((field) => isValue(field) && !field.closest("details:not([open])"));
	return fields.slice(fields.indexOf(first));
}

// As in a spreadsheet: Enter goes to the field below, and at the last one to Save.
function onKey(event) {
	if (event.key !== "Enter" || event.isComposing || event.target.tagName !== "INPUT")
		return;
	if (event.ctrlKey || event.metaKey) {
		event.preventDefault();
		sheet.requestSubmit();
	} else if (isValue(event.target) || isNote(event.target)) {
		event.preventDefault();
		const value = rowOf(event.target).querySelector("input[name^='v:']");
		const next = seenFrom(value)[1] || sheet.querySelector("button[type=submit]");
		next.focus();
		if (next.select)
			next.select();
	}
}

// A column of a spreadsheet goes downward, as it was written; an empty cell leaves its field alone.
function onPaste(event) {
	const lines = event.clipboardData.getData("text").replace(/\r?\n$/, "").split(/\r?\n/);
	if (!isValue(event.target) || (lines.length < 2 && !lines[0].includes("\t")))
		return;
	event.preventDefault();
	if (lines.some((line) => line.includes("\t"))) {
		note(sheet.dataset.columns);
		return;
	}
	const fields = seenFrom(event.target);
	let pasted = 0;
	lines.forEach((line, i) => {
		if (i < fields.length && line.trim() !== "") {
			fields[i].value = line.trim();
			pasted++;
		}
	});
	const over = lines.slice(fields.length).filter((line) => line.trim() !== "");
	check().then(() => note(`${sheet.dataset.pasted} ${pasted}.` +
		(over.length > 0 ? ` ${sheet.dataset.over} ${over.join("; ")}.` : "")));
}

if (sheet) {
	sheet.addEventListener("change", check);
	sheet.addEventListener("keydown", onKey);
	sheet.addEventListener("paste", onPaste);
	document.body.classList.add("scripted");
	let sending = false;
	sheet.addEventListener("submit", () => { sending = true; });
	window.addEventListener("beforeunload", (event) => {
		const unsaved = [...sheet.elements].some((field) => (isValue(field) || isNote(field)) && field.value !== field.defaultValue);
		if (unsaved && !sending)
			event.preventDefault();
	});
}

// Whoever unfolds a note is about to write it, and may type on at once: the event "toggle" comes too late.
document.addEventListener("click", (event) => {
	const summary = event.target.closest("details.note:not([open]) > summary");
	if (!summary)
		return;
	event.preventDefault();
	summary.parentElement.open = true;
	summary.parentElement.querySelector("input").focus();
});

// A file that is too large is said so before it is sent.
const upload = document.getElementById("upload");
if (upload)
	upload.addEventListener("submit", (event) => {
		const file = upload.elements.namedItem("file").files[0];
		const large = file && file.size > Number(upload.dataset.most);
		document.getElementById("large").textContent = large ? upload.dataset.large : "";
		if (large)
			event.preventDefault();
	});

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
