#!/usr/bin/env python3
"""Made-up workbooks, written part by part: what spreadsheet programs write, what they should not, and what somebody
makes who wishes us ill.

workbooks.py FOLDER    writes the small ones there: tests/fuzz/corpus/excel has them, tests/unit/test_workbooks.c what
                       each comes to
"""
import io
import pathlib
import struct
import sys
import zipfile
from xml.sax.saxutils import escape

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'

SO, HS = "Số tổ công nghệ số cộng đồng", "Số hồ sơ thủ tục hành chính tiếp nhận"
VB, GT = "Số văn bản đi", "Giá trị tăng thêm của kinh tế số"
# Styles by number: general, percent, dd/mm/yyyy, mmm-yy, Vietnamese month, yyyy, date and time, #,##0, time, red number.
CODES = {164: "dd/mm/yyyy", 165: '"Tháng" m/yyyy', 166: "yyyy", 167: "[Red]#,##0;[Blue]-#,##0", 168: "[$-42A]dd\\ mmmm\\ yyyy"}
STYLES = [0, 9, 164, 17, 165, 166, 22, 3, 20, 167, 168]


def relation(number, kind, target):
    return f'<Relationship Id="rId{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'


def relations(*rows):
    return HEAD + f'<Relationships xmlns="{PACKAGE}">' + "".join(rows) + "</Relationships>"


def column(number):
    return column((number - 1) // 26) + chr(65 + (number - 1) % 26) if number else ""


def cell(at, value, style=0):
    """A value as Excel writes it: text inline, ('s', N) a shared string, ('f', FORMULA, TYPE, VALUE or None), ('e', '#N/A'),
    ('v', DIGITS) a number letter by letter."""
    style = f' s="{style}"' if style else ""
    if isinstance(value, tuple) and value[0] == "f":
        _, formula, kind, cached = value
        kind = f' t="{kind}"' if kind else ""
        cached = "" if cached is None else f"<v>{escape(str(cached))}</v>"
        return f'<c r="{at}"{style}{kind}><f>{escape(formula)}</f>{cached}</c>'
    if isinstance(value, tuple) and value[0] in "sbed":
        return f'<c r="{at}"{style} t="{value[0]}"><v>{value[1]}</v></c>'
    if isinstance(value, tuple):
        return f'<c r="{at}"{style}><v>{value[1]}</v></c>'
    if isinstance(value, str):
        return f'<c r="{at}"{style} t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    return f'<c r="{at}"{style}><v>{value}</v></c>'


def sheet(rows, merged=(), hidden=(), before="", root="worksheet", attributes=MAIN):
    """rows: {number: [values]}, None for no cell, (value, STYLE) in a list for a style."""
    out = []
    for number, values in rows.items():
        cells = []
        for i, value in enumerate(values, 1):
            if value is not None:
                value, style = value if isinstance(value, list) else (value, 0)
                cells.append(cell(f"{column(i)}{number}", value, style))
        out.append(f'<row r="{number}"{" hidden=" + chr(34) + "1" + chr(34) if number in hidden else ""}>'
                   + "".join(cells) + "</row>")
    ranges = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
    ranges = f'<mergeCells count="{len(merged)}">{ranges}</mergeCells>' if merged else ""
    return HEAD + f"<{root} {attributes}>{before}<sheetData>{''.join(out)}</sheetData>{ranges}</{root}>"


def styles():
    codes = "".join(f'<numFmt numFmtId="{number}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>'
                    for number, code in CODES.items())
    return (HEAD + f'<styleSheet {MAIN}><numFmts count="{len(CODES)}">{codes}</numFmts>'
            '<cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs><cellXfs>'
            + "".join(f'<xf numFmtId="{number}"/>' for number in STYLES) + "</cellXfs></styleSheet>")


def workbook(sheets, strings=None, since_1904=False, states=None, more=None, without=()):
    """The bytes of a workbook: {name: sheet()}; strings: what stands in <sst>; states: {name: "hidden"}; more: {part: text}
    in the place of what would be there, or beside it."""
    states = states or {}
    listed = "".join(f'<sheet name="{escape(name)}" sheetId="{i}"'
                     + (f' state="{states[name]}"' if name in states else "") + f' r:id="rId{i}"/>'
                     for i, name in enumerate(sheets, 1))
    n = len(sheets)
    parts = {
        "[Content_Types].xml": HEAD + '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": relations(relation(1, "officeDocument", "xl/workbook.xml")),
        "xl/workbook.xml": HEAD + f'<workbook {MAIN} xmlns:r="{RELATIONS}">'
                           + f'<workbookPr{" date1904=" + chr(34) + "1" + chr(34) if since_1904 else ""}/>'
                           + f"<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": relations(
            *(relation(i, "worksheet", f"worksheets/sheet{i}.xml") for i in range(1, n + 1)),
            relation(n + 1, "styles", "styles.xml"),
            *([relation(n + 2, "sharedStrings", "/xl/sharedStrings.xml")] if strings else [])),
        "xl/styles.xml": styles(),
        **{f"xl/worksheets/sheet{i}.xml": text for i, text in enumerate(sheets.values(), 1)},
    }
    if strings:
        parts["xl/sharedStrings.xml"] = HEAD + f"<sst {MAIN}>{strings}</sst>"
    parts.update(more or {})
    return archive({name: text for name, text in parts.items() if name not in without})


def archive(parts, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as file:
        for name, text in parts.items():
            file.writestr(zipfile.ZipInfo(name, (2025, 7, 1, 0, 0, 0)), text, compress_type=method)
    return out.getvalue()


def table(*rows, **how):
    return sheet(dict(enumerate(rows, 1)), **how)


def small():
    """{file name: bytes}"""
    out = {}
    out["shared_strings.xlsx"] = workbook(
        {"Sheet1": table([("s", 0), ("s", 1)], [("s", 2), 8])},
        strings=f"<si><t>Kỳ</t></si><si><r><t xml:space=\"preserve\">Số tổ </t></r><r><rPr/><t>công nghệ số cộng đồng</t></r>"
                "<rPh sb=\"0\" eb=\"1\"><t>phonetic</t></rPh></si><si><t>Tháng_x000A_6/2025</t></si>")
    out["no_such_string.xlsx"] = workbook({"Sheet1": table([("s", 0), ("s", 7)])}, strings="<si><t>Kỳ</t></si>")
    # 8.592 and 0.1 + 0.2 as Excel writes them; a text that only looks like a number; a number shown in millions.
    out["numbers.xlsx"] = workbook({"Sheet1": table(
        ["Năm", GT],
        ["2019", ("v", "8.5920000000000005")], [2020, ("v", "1.2E3")], [2021, [1234567, 7]], [2022, "1.234"],
        [2023, ("v", "0.30000000000000004")], [2024, ("v", "1.2345E+40")])})
    out["texts.xlsx"] = workbook({"Sheet1": table(["Năm", GT], [2022, "1.234"], [2023, "12,5"], [2024, 1.5])})
    out["dates.xlsx"] = workbook({"Sheet1": table(
        ["Kỳ", SO], [[45809, 3], 8], [[45778, 4], 7], [[45748, 2], 6], [[45717, 10], 5], [[45658, 8], 1],
        [[45689, 3], [8, 2]])})
    out["dates_1904.xlsx"] = workbook({"Sheet1": table(["Kỳ", SO], [[44347, 3], 8])}, since_1904=True)
    out["dates_across.xlsx"] = workbook({"Sheet1": table(
        ["Chỉ tiêu", [45748, 3], [45778, 3], [45809, 3]], [SO, 6, 7, 8])})
    out["days.xlsx"] = workbook({"Sheet1": table(
        ["Ngày", HS], [[45838, 2], 3], [[45837.5, 6], 4], [("d", "2025-06-28"), 5], [[45836, 5], 6])})
    out["formulas.xlsx"] = workbook({"Sheet1": table(
        ["Kỳ", SO, VB], ["Tháng 6/2025", ("f", "SUM(D2:E2)", None, 8), ("f", "D2", None, None)],
        ["Tháng 5/2025", ("f", "1/0", "e", "#DIV/0!"), ("f", "B2", "str", "12")],
        [("f", 'A2&""', "str", "Tháng 4/2025"), ("f", "IF(1,&quot;&quot;)", "str", ""), ("f", "", None, "7")])})
    out["percent.xlsx"] = workbook({"Sheet1": table(
        ["Năm", GT], [2024, [0.45, 1]])})
    out["merged.xlsx"] = workbook({"Sheet1": sheet(
        {1: ["BÁO CÁO HỒ SƠ"], 3: ["Kỳ", "Lĩnh vực", HS], 4: [[45838, 2], "Đất đai", 3], 5: [None, "Hộ tịch", 4],
         6: [[45837, 2], "Đất đai", 5], 7: [None, "Hộ tịch", None], 9: ["Người lập biểu"]},
        merged=("A1:C1", "A4:A5", "A6:A7", "C6:C7", "A9:B9", "A9:A12"))})
    out["merged_heads.xlsx"] = workbook({"Sheet1": sheet(
        {1: ["Chỉ tiêu", "Năm 2025", None], 2: [None, "Tháng 4", "Tháng 5"], 3: [SO, 6, 7]},
        merged=("A1:A2", "B1:C1"))})
    out["several_sheets.xlsx"] = workbook(
        {"Hướng dẫn": table(["Điền số vào trang sau"]), "Tháng 6": table(["Kỳ", SO], ["Tháng 6/2025", 8]),
         "Cũ": table(["Kỳ", SO], ["Tháng 1/2025", 1]), "Sheet3": table(),
         "Văn bản": table(["Kỳ", VB, "Số gì đó"], ["Tháng 6/2025", 40, 1]),
         "Tháng 5": table(["Kỳ", SO], ["Tháng 5/2025", 7])},
        states={"Cũ": "hidden"})
    out["no_figures.xlsx"] = workbook({"Bìa": table(["BÁO CÁO"]), "Ghi chú": table(["abc"])})
    out["hidden_sheet.xlsx"] = workbook({"Bìa": table(["BÁO CÁO"]), "Số liệu": table(["Kỳ", SO], ["Tháng 6/2025", 8])},
                                        states={"Số liệu": "veryHidden"})
    out["empty.xlsx"] = workbook({"Sheet1": table()})
    out["hidden_rows.xlsx"] = workbook({"Sheet1": sheet(
        {1: ["Kỳ", SO, VB], 2: ["Tháng 6/2025", 8, 40], 3: ["Tháng 5/2025", 7, 41], 4: ["Tháng 4/2025", 6, 42],
         5: ["Tháng 3/2025", 5, 43]}, hidden=(2, 3, 5), before='<cols><col min="3" max="3" hidden="1"/></cols>')})
    out["notes_below.xlsx"] = workbook({"Sheet1": sheet(
        {2: ["UBND XÃ TÂN PHÚ"], 3: ["BÁO CÁO THÁNG 6 NĂM 2025"], 5: ["STT", "Kỳ", SO], 6: [1, "Tháng 6/2025", 8],
         7: [None, "Tổng cộng", 8], 9: ["Ghi chú: số liệu tạm tính"], 10: [None, None, "Người lập biểu"]})})
    out["twice_over_sheets.xlsx"] = workbook(
        {"Tháng 6": table(["Kỳ", SO], ["Tháng 6/2025", 8], ["Tháng 5/2025", 7]),
         "Thang 6 (2)": table(["Kỳ", SO], [None], ["Tháng 6/2025", 9], ["Tháng 5/2025", 7])})
    out["second_header.xlsx"] = workbook(
        {"A": table(["Kỳ", SO], ["Tháng 6/2025", 8]),
         "B": table(["Kỳ", SO], ["Tháng 6/2025", 9], [None], ["Kỳ", VB], ["Tháng 6/2025", 40])})
    out["wide.xlsx"] = workbook({"Sheet1": sheet({1: ["Kỳ", SO], 2: ["Tháng 6/2025", 8] + [None] * 300 + ["x"]})})
    prefixed = table(["Kỳ", SO], ["Tháng 6/2025", 8]).replace("<", "<x:").replace("<x:/", "</x:").replace("<x:?", "<?")
    out["prefixed.xlsx"] = workbook({"Sheet1": prefixed.replace("xmlns=", "xmlns:x=")})
    out["no_places.xlsx"] = workbook({"Sheet1": HEAD + f'<worksheet {MAIN}><sheetData><row><c t="inlineStr"><is><t>Kỳ</t></is>'
                                      f'</c><c t="inlineStr"><is><t>{SO}</t></is></c></row><row><c t="inlineStr"><is><t>'
                                      'Tháng 6/2025</t></is></c><c><v>8</v></c></row></sheetData></worksheet>'})
    out["blanks.xlsx"] = workbook({"Sheet1": table(["  Kỳ ", SO + "\n(tổ)"], [" Tháng 6/2025", " 8 "], ["Tháng 5/2025", "  "])})
    # what the sentences about others advise
    out["advice_followed.xlsx"] = workbook({
        "Mẫu": sheet({1: ["Kỳ", SO, VB], 2: ["Tháng 6/2025", ("f", "SUM(D2:E2)", None, 8), ("f", "D2", None, 40)],
                      3: ["Tháng 5/2025", [7, 0]], 4: ["Tháng 4/2025", 6, 42]}),
        "Cũ": sheet({1: ["Năm", GT], 2: [2023, 1234], 3: [2024, [45, 0]]})})
    # what is no .xlsx, or no good one
    good = out["shared_strings.xlsx"]
    out["truncated.xlsx"] = good[:len(good) * 2 // 3]
    out["damaged.xlsx"] = workbook({"Sheet1": "<worksheet><sheetData><row>"})
    out["rows_go_back.xlsx"] = workbook({"Sheet1": sheet({3: ["Kỳ"], 2: [SO]})})
    out["no_sheet_part.xlsx"] = workbook({"Sheet1": table()}, without=("xl/worksheets/sheet1.xml",))
    laughs = "".join(f'<!ENTITY l{i} "{"&l" + str(i - 1) + ";" if i else "ha"}{"&l" + str(i - 1) + ";" if i else "ha"}">'
                     for i in range(40))
    out["entity_bomb.xlsx"] = workbook({"Sheet1": HEAD + f"<!DOCTYPE worksheet [{laughs}]><worksheet {MAIN}><sheetData><row><c>"
                                        "<v>&l39;</v></c></row></sheetData></worksheet>"})
    out["outside_entity.xlsx"] = workbook({"Sheet1": HEAD + '<!DOCTYPE w [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet '
                                           f'{MAIN}><sheetData><row><c t="str"><v>&e;</v></c></row></sheetData></worksheet>'})
    out["many_styles.xlsx"] = workbook({"Sheet1": table()}, more={
        "xl/styles.xml": f"<styleSheet {MAIN}><cellXfs>" + '<xf numFmtId="0"/>' * 70000 + "</cellXfs></styleSheet>"})
    out["letter.docx"] = archive({
        "_rels/.rels": relations(relation(1, "officeDocument", "word/document.xml")),
        "word/document.xml": "<document/>"})
    out["binary.xlsb"] = archive({"_rels/.rels": relations(relation(1, "officeDocument", "xl/workbook.bin")),
                                  "xl/workbook.bin": "\x83\x01"})
    out["table.ods"] = archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<x/>"},
                               zipfile.ZIP_STORED)
    out["archive.zip"] = archive({"a.csv": "Kỳ"})
    return out


# --- .xls ---

def compound(streams, sector=512):
    """A compound file of {name: bytes}. What is shorter than 4096 bytes lies in small sectors."""
    small = b"".join(data + bytes(-len(data) % 64) for data in streams.values() if len(data) < 4096)
    chains, table, small_table, entries = [], [], [], []

    def place(data):
        if not data:
            return 0xFFFFFFFE
        n, first = -(-len(data) // sector), len(table)
        table.extend([*range(first + 1, first + n), 0xFFFFFFFE])
        chains.append(data + bytes(-len(data) % sector))
        return first

    for name, data in streams.items():
        if len(data) >= 4096:
            entries.append((name, 2, place(data), len(data)))
            continue
        first, n = len(small_table), -(-len(data) // 64)
        small_table.extend([*range(first + 1, first + n), 0xFFFFFFFE])
        entries.append((name, 2, first, len(data)))
    root = ("Root Entry", 5, place(small), len(small))
    numbers = struct.pack(f"<{len(small_table)}I", *small_table)
    small_first = place(numbers + b"\xff" * (-len(numbers) % sector))
    directory = b""
    for i, (name, kind, first, size) in enumerate([root, *entries]):
        utf_16 = (name + "\0").encode("utf-16-le")
        directory += struct.pack("<64sHBBIII16sI8x8xIII", utf_16, len(utf_16), kind, 1, 0xFFFFFFFF,
                                 i + 1 if 0 < i < len(entries) else 0xFFFFFFFF, 1 if i == 0 else 0xFFFFFFFF,
                                 bytes(16), 0, first, size, 0)
    directory_first = place(directory)
    n_table = 1
    while n_table * sector // 4 < len(table) + n_table:
        n_table += 1
    where = [len(table) + i for i in range(n_table)]
    table += [0xFFFFFFFD] * n_table
    table += [0xFFFFFFFF] * (n_table * sector // 4 - len(table))
    header = struct.pack("<8s16xHHHHH6xIIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 0x3E, 3, 0xFFFE,
                         sector.bit_length() - 1, 6, 0, n_table, directory_first, 0, 4096,
                         small_first, 1 if numbers else 0, 0xFFFFFFFE, 0, where[0])
    header += struct.pack(f"<{108}I", *where[1:109], *[0xFFFFFFFF] * (109 - len(where)))
    return header.ljust(sector, b"\0") + b"".join(chains) + struct.pack(f"<{len(table)}I", *table)


def stream_of(data):
    """Its records, from the first to the last of zeros."""
    at = data.index(b"\x09\x08")
    return data[at:at + 8192].rstrip(b"\0") + b"\0\0"


def record(number, data=b""):
    return struct.pack("<HH", number, len(data)) + data


def text_8(text, length="<H"):
    """As BIFF 8 has it: a byte a character where all fit."""
    narrow = all(ord(one) < 256 for one in text)
    return struct.pack(length, len(text.encode("utf-16-le")) // 2) + bytes([not narrow]) + \
        text.encode("latin-1" if narrow else "utf-16-le")


def shared_8(texts, cut=None):
    """An SST record and its CONTINUEs. cut: every text is cut there, and goes on with two bytes a character."""
    out, data = b"", struct.pack("<II", len(texts), len(texts))
    for text in texts:
        if cut is None or len(text) <= cut:
            data += text_8(text)
            continue
        units = text.encode("utf-16-le")
        data += struct.pack("<HBH", len(units) // 2, 9, 1) + units[:2 * cut]  # with one format of a part
        out += record(0xFC if not out else 0x3C, data)
        data = b"\1" + units[2 * cut:] + bytes(4)
    return out + record(0xFC if not out else 0x3C, data)


def cells_8(rows, shared, biff_5=None):
    """rows: {number: [values]} as for sheet(); ("rk", N), ("mulrk", [N]) and ("str", TEXT) are other ways to write them."""
    out = b""
    for number, values in rows.items():
        for i, value in enumerate(values):
            value, style = value if isinstance(value, list) else (value, 0)
            at = struct.pack("<HHH", number - 1, i, style)
            if value is None:
                continue
            if isinstance(value, str) and biff_5:
                encoded = value.encode(biff_5)
                out += record(0x204, at + struct.pack("<H", len(encoded)) + encoded)
            elif isinstance(value, str):
                shared.append(value)
                out += record(0xFD, at + struct.pack("<I", len(shared) - 1))
            elif not isinstance(value, tuple):
                out += record(0x203, at + struct.pack("<d", value))
            elif value[0] == "label":
                out += record(0x204, at + text_8(value[1]))
            elif value[0] == "rk":
                out += record(0x27E, at + struct.pack("<I", value[1]))
            elif value[0] == "mulrk":
                out += record(0xBD, at[:4] + b"".join(struct.pack("<HI", style, one) for one in value[1])
                              + struct.pack("<H", i + len(value[1]) - 1))
            elif value[0] in "be":
                out += record(0x205, at + bytes([value[1], value[0] == "e"]))
            else:  # ("f", what it comes to, text)
                kinds = {"str": 0, "b": 1, "e": 2, "empty": 3}
                came = struct.pack("<d", value[1]) if not isinstance(value[1], tuple) else \
                    bytes([kinds[value[1][0]], 0, value[1][1] if value[1][0] in "be" else 0, 0, 0, 0, 255, 255])
                out += record(0x06, at + came + bytes(6) + struct.pack("<H", 0))
                if isinstance(value[1], tuple) and value[1][0] == "str" and value[1][1] is not None:
                    out += record(0x207, text_8(value[1][1]))
    return out


def old_workbook(sheets, states=None, kinds=None, merged=(), hidden=(), hidden_columns=(), since_1904=False, cut=None,
                 biff_5=None, codepage=1200, before=b"", inside=b"", stream=None):
    """The bytes of an .xls: {name: {number: [values]}}."""
    states, kinds, shared, bodies = states or {}, kinds or {}, [], []
    version = 0x500 if biff_5 else 0x600
    for rows in sheets.values():
        body = record(0x809, struct.pack("<HHHH", version, 0x10, 0, 0) + (b"" if biff_5 else bytes(8)))
        for first, last in hidden_columns:
            body += record(0x7D, struct.pack("<HHHHHH", first - 1, last - 1, 2000, 0, 1, 0))
        for number in rows:
            body += record(0x208, struct.pack("<HHHHHHI", number - 1, 0, 256, 255, 0, 0, 0x20 if number in hidden else 0))
        body += inside + cells_8(rows, shared, biff_5)
        if merged:
            body += record(0xE5, struct.pack("<H", len(merged)) + b"".join(struct.pack("<HHHH", *one) for one in merged))
        bodies.append(body + record(0x0A))
    start = record(0x809, struct.pack("<HHHH", version, 5, 0, 0) + (b"" if biff_5 else bytes(8))) + before
    start += record(0x42, struct.pack("<H", codepage)) + record(0x22, struct.pack("<H", since_1904))
    for number, code in CODES.items():
        start += record(0x41E, struct.pack("<H", number)
                        + (bytes([len(code)]) + code.encode(biff_5) if biff_5 else text_8(code)))
    for number in STYLES:
        start += record(0xE0, struct.pack("<HH", 0, number) + bytes(12 if biff_5 else 16))
    names = [bytes([len(name.encode(biff_5))]) + name.encode(biff_5) if biff_5 else text_8(name, "<B") for name in sheets]
    strings = b"" if biff_5 else shared_8(shared, cut)
    at = len(start) + sum(10 + len(name) for name in names) + len(strings) + 4
    for name, text, body in zip(names, sheets, bodies):
        start += record(0x85, struct.pack("<IBB", at, states.get(text, 0), kinds.get(text, 0)) + name)
        at += len(body)
    data = start + strings + record(0x0A) + b"".join(bodies)
    return compound({stream or ("Book" if biff_5 else "Workbook"): data, "\x05SummaryInformation": bytes(100)})


def old():
    """{file name: bytes}"""
    out = {}
    plain = {1: ["Kỳ", SO, VB], 2: ["Tháng 6/2025", 8, ("rk", 40 << 2 | 2)], 3: ["Tháng 5/2025", ("mulrk", [7 << 2 | 2, 4100 << 2 | 3])]}
    out["old.xls"] = old_workbook({"Tháng 6": plain, "Hướng dẫn": {1: ["Điền số vào trang trước"]}})
    out["old_large_sectors.xls"] = old_workbook({"A": {**plain, **{i: [f"Ghi chú {i}"] for i in range(5, 200)}}})
    out["old_continued.xls"] = old_workbook({"A": plain}, cut=3)
    out["old_1258.xls"] = old_workbook({"Thang 6": {1: ["Ngày", "Sô´".replace("´", "\u0301")], 2: ["30/06/2025", 3]}},
                                       biff_5="cp1258", codepage=1258)
    out["old_codepage.xls"] = old_workbook({"A": {1: ["Ngày", "x"]}}, biff_5="latin-1", codepage=932)
    out["old_numbers.xls"] = old_workbook({"A": {
        1: ["Năm", GT], 2: [2019, 8.592], 3: [2020, ("rk", struct.unpack("<I", struct.pack("<d", 12.5)[4:])[0])],
        4: [2021, [1234567, 7]], 5: [2022, ("label", "1.234")], 6: [2023, 0.1 + 0.2], 7: [2024, [0.45, 1]]}})
    out["old_dates.xls"] = old_workbook({"A": {1: ["Kỳ", SO], 2: [[45809, 3], 8], 3: [[45778, 4], 7], 4: [[45748, 2], 6],
                                               5: [[45717, 10], [8, 2]]}})
    out["old_dates_1904.xls"] = old_workbook({"A": {1: ["Kỳ", SO], 2: [[44347, 3], 8]}}, since_1904=True)
    out["old_formulas.xls"] = old_workbook({"A": {
        1: ["Kỳ", SO, VB], 2: ["Tháng 6/2025", ("f", 8.0), ("f", ("str", None))], 3: ["Tháng 5/2025", ("f", ("e", 7)), ("f", ("str", "12"))],
        4: [("f", ("str", "Tháng 4/2025")), ("f", ("empty", 0)), 7], 5: ["Tháng 3/2025", ("e", 42), ("b", 1)]}})
    out["old_merged.xls"] = old_workbook({"A": {
        1: ["BÁO CÁO"], 3: ["Kỳ", "Lĩnh vực", HS], 4: [[45838, 2], "Đất đai", 3], 5: [None, "Hộ tịch", 4]}},
        merged=((0, 0, 0, 2), (3, 4, 0, 0)), hidden=(5,), hidden_columns=((3, 3), (10, 256)))
    out["old_hidden_sheet.xls"] = old_workbook({"Biểu đồ": {}, "Số liệu": {1: ["Kỳ", SO], 2: ["Tháng 6/2025", 8]}},
                                               states={"Số liệu": 1}, kinds={"Biểu đồ": 2})
    chart = record(0x809, struct.pack("<HHHH", 0x600, 0x20, 0, 0) + bytes(8)) + record(0x203, bytes(14)) + record(0x0A)
    out["old_chart_inside.xls"] = old_workbook({"A": plain}, inside=chart)
    out["old_password.xls"] = old_workbook({"A": plain}, before=record(0x2F, bytes(6)))
    out["password.xlsx"] = compound({"EncryptionInfo": bytes(50), "EncryptedPackage": bytes(5000)})
    out["letter.doc"] = compound({"WordDocument": bytes(5000)})
    out["older.xls"] = compound({"Book": record(0x409, bytes(8)) + record(0x0A)})
    good = out["old_large_sectors.xls"]
    out["old_truncated.xls"] = good[:len(good) // 2]
    at = good.index(record(0xFC, b"")[:2], 512)
    out["old_damaged.xls"] = good[:at + 2] + b"\xff\xff" + good[at + 4:]
    looped = bytearray(good)
    table = int.from_bytes(good[76:80], "little")
    first = int.from_bytes(good[48:52], "little")
    looped[512 * (table + 1) + 4 * first:512 * (table + 1) + 4 * first + 4] = struct.pack("<I", first)
    out["old_loop.xls"] = bytes(looped)
    return out


def zip_bomb(megabytes, shown=None):
    """A sheet of blanks; shown: what the archive says of its length."""
    blanks = workbook({"Sheet1": f"<worksheet {MAIN}>" + " " * (megabytes << 20) + "</worksheet>"})
    if shown is None:
        return blanks
    long = struct.pack("<I", next(one.file_size for one in zipfile.ZipFile(io.BytesIO(blanks)).infolist()
                                  if one.file_size > 1 << 20))
    return blanks.replace(long, struct.pack("<I", shown))


def main():
    folder = pathlib.Path(sys.argv[1])
    made = {**small(), **old()}
    for name, data in made.items():
        (folder / name).write_bytes(data)
    for name in ("merged", "formulas", "dates", "hidden_rows", "percent", "no_places", "prefixed"):  # for the fuzz target
        with zipfile.ZipFile(io.BytesIO(made[name + ".xlsx"])) as file:
            (folder / (name + ".xml")).write_bytes(file.read("xl/worksheets/sheet1.xml"))
    for name in ("old_large_sectors", "old_continued", "old_formulas", "old_merged", "old_1258"):
        (folder / (name + ".biff")).write_bytes(stream_of(made[name + ".xls"]))


if __name__ == "__main__":
    main()
