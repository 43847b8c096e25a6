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
    for name, data in small().items():
        (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
