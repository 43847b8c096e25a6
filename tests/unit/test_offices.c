#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "api/status.h"
#include "common/model/civil.h"
#include "ledger/change.h"
#include "registry/office_keys.h"
#include "registry/office_register.h"
#include "registry/offices.h"
#include "registry/reference.h"
#include "registry/units_import.h"
#include "schema/event.h"
#include "support/fault.h"
#include "support/province.h"

#include <errno.h>
#include <sodium.h>

#define UNITS                                                                                      \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"82,P,province,,2020-01-01,\n"                                                             \
	"28249,Old,commune,82,2020-01-01,2025-07-01\n"                                             \
	"28249,New,commune,82,2025-07-01,\n"                                                       \
	"28252,Gone,commune,82,2020-01-01,2025-07-01\n"
#define HEADER "code,name,unit,from\n"

static int32_t day(const char *text)
{
	int32_t number = 0;
	assert_int_equal(day_parse(text, &number, &(struct err){ 0 }), 0);
	return number;
}

static int setup(void **state)
{
	size_t changed = 0;
	int rc = province_setup(state);
	struct province *p = *state;
	if (rc == 0)
		rc = units_import(p->db, UNITS, strlen(UNITS), &changed, &p->err);
	return rc;
}

static int64_t number(struct province *p, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	assert_int_equal(db_prepare(p->db, sql, &stmt, &p->err), 0);
	assert_int_equal(db_step(stmt, &p->err), 1);
	int64_t value = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt); /* a read that has ended */
	return value;
}

static int add(struct province *p, const char *code, const char *unit, const char *from)
{
	int64_t id = 0;
	return office_add(p->db, code, "Văn phòng", unit, day(from), "console", &id, &p->err);
}

static void invite(struct province *p, const char *code, struct listed_key *ret_key)
{
	uint8_t secret[KEY_LEN];
	assert_int_equal(office_invite(p->db, code, 7, "console", ret_key, secret, &p->err), 0);
}

/* --- offices and their units --- */

static void an_office_reports_for_the_unit_of_the_day(void **state)
{
	struct province *p = *state;
	struct units *units = NULL;
	struct offices *offices = NULL;
	assert_int_equal(add(p, "a", "28249", "2024-01-01"), 0);
	assert_int_equal(add(p, "b", "28252", "2024-01-01"), 0);
	assert_int_equal(db_exec(p->db,
				 "INSERT INTO assignment SELECT id, 20000, NULL FROM office "
				 "WHERE code = 'a'; " /* 2024-10-04 */
				 "INSERT INTO assignment SELECT id, 20100, '28249' FROM office "
				 "WHERE code = 'a'", /* 2025-01-12 */
				 &p->err),
			 0);
	assert_int_equal(units_load(p->db, &units, &p->err), 0);
	assert_int_equal(offices_load(p->db, units, &offices, &p->err), 0);
	assert_int_equal(offices->n, 2);
	const struct office *a = offices_by_code(offices, "a"), *b = offices_by_code(offices, "b");
	assert_ptr_equal(offices_by_id(offices, a->id), a);
	assert_null(offices_by_id(offices, 77));
	assert_null(offices_by_code(offices, "c"));
	assert_null(office_unit(a, units, day("2023-12-31")));
	assert_string_equal(office_unit(a, units, day("2024-01-01"))->name, "Old");
	assert_null(office_unit(a, units, 20000));
	assert_string_equal(office_unit(a, units, day("2025-06-30"))->name, "Old");
	assert_string_equal(office_unit(a, units, day("2025-07-01"))->name, "New");
	assert_string_equal(office_unit(b, units, day("2025-06-30"))->name, "Gone");
	assert_null(office_unit(b, units, day("2025-07-01")));
	offices_close(offices);
	units_close(units);
}

static void an_office_is_found_by_a_name_that_is_its_alone(void **state)
{
	struct province *p = *state;
	struct units *units = NULL;
	struct offices *offices = NULL;
	bool changed = false;
	assert_int_equal(add(p, "a", "28249", "2024-01-01"), 0);
	assert_int_equal(add(p, "b", "28252", "2024-01-01"), 0);
	assert_int_equal(office_rename(p->db, "b", "Xã Tân Hội", "console", &changed, &p->err), 0);
	assert_int_equal(add(p, "c", "28252", "2024-01-01"), 0);
	assert_int_equal(units_load(p->db, &units, &p->err), 0);
	assert_int_equal(offices_load(p->db, units, &offices, &p->err), 0);
	assert_string_equal(offices_expect(offices, "a", &p->err)->code, "a");
	assert_string_equal(offices_expect(offices, "XÃ TÂN HỘI", &p->err)->code, "b");
	assert_null(offices_expect(offices, "văn phòng", &p->err));
	assert_string_equal(p->err.text, "'văn phòng' are several offices; give the code of the "
					 "one that is meant: a, c");
	assert_null(offices_expect(offices, "Xã Tân Hôi", &p->err)); /* another mark */
	assert_string_equal(p->err.text,
			    "there is no office 'Xã Tân Hôi'; did you mean 'b' (Xã Tân Hội)?");
	assert_null(offices_expect(offices, "", &p->err));
	offices_close(offices);
	units_close(units);
}

static void a_bad_office_is_refused_with_its_reason(void **state)
{
	struct province *p = *state;
	int64_t id = 77;
	assert_int_equal(add(p, "a", "28249", "2024-01-01"), 0);
	assert_int_equal(add(p, "a", "82", "2024-01-01"), -EEXIST);
	assert_string_equal(p->err.text, "there is an office 'a' already; choose another code");
	assert_int_equal(add(p, "b", "28252", "2025-07-01"), -EINVAL);
	assert_string_equal(p->err.text, "unit '28252' is not in force on 2025-07-01; import the "
					 "units or mend code and day");
	assert_int_equal(add(p, "", "82", "2024-01-01"), -EINVAL);
	assert_int_equal(add(p, "a/b", "82", "2024-01-01"), -EINVAL);
	assert_int_equal(add(p, "abcdefghijklmnopqrstuvwxyz0123456", "82", "2024-01-01"), -EINVAL);
	assert_int_equal(
		office_add(p->db, "c", "", "82", day("2024-01-01"), "console", &id, &p->err),
		-EINVAL);
	assert_int_equal(id, 77);
	assert_int_equal(number(p, "SELECT count(*) FROM office"), 1);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE who <> 'lantoa-aggregator'"),
			 1);
}

static void adding_is_audited_and_moves_the_reference(void **state)
{
	struct province *p = *state;
	struct reference *reference = NULL;
	assert_int_equal(reference_refresh(p->db, &reference, &p->err), 0);
	const struct reference *before = reference;
	assert_int_equal(reference_refresh(p->db, &reference, &p->err), 0);
	assert_ptr_equal(reference, before); /* nothing moved */
	assert_int_equal(add(p, "a", "28249", "2024-01-01"), 0);
	assert_int_equal(reference_refresh(p->db, &reference, &p->err), 0);
	assert_non_null(offices_by_code(reference->offices, "a"));
	reference_close(reference);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE who = 'console' AND "
				   "what = 'office add' AND "
				   "detail = 'code=a unit=28249 from=2024-01-01'"),
			 1);
}

static int move(struct province *p, const char *code, const char *unit, const char *from)
{
	const struct change_form form = { .kind = CHANGE_MOVE,
					  .who = "console",
					  .office = code,
					  .unit = unit,
					  .from = day(from) };
	char detail[CHANGE_DETAIL_MAX];
	int64_t at_us = 0;
	size_t changed = 0;
	int rc = change_act(p->db, &form, &changed, detail, &p->err);
	if (rc == 0 && changed)
		rc = event_time(p->db, EVENT_NOW, &at_us, &p->err);
	if (rc == 0 && changed)
		rc = change_note(p->db, &form, detail, at_us, &p->err);
	return rc == 0 ? (int)changed : rc;
}

static void an_office_moves_from_a_day_until_its_next_assignment(void **state)
{
	struct province *p = *state;
	assert_int_equal(add(p, "a", "28249", "2024-01-01"), 0);
	assert_int_equal(move(p, "a", "82", "2025-08-01"), true);
	assert_int_equal(move(p, "a", "82", "2025-08-01"), false); /* said already */
	assert_int_equal(move(p, "a", NULL, "2025-08-01"), true);  /* replaced */
	assert_int_equal(move(p, "a", NULL, "2025-08-01"), false);
	assert_int_equal(move(p, "a", "82", "2023-05-01"), true);
	assert_int_equal(move(p, "a", "82", "2026-05-01"), true);
	assert_int_equal(number(p, "SELECT count(*) FROM assignment"), 4);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE what = 'office move'"), 4);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE who = 'console' AND "
				   "detail = 'code=a unit=- from=2025-08-01'"),
			 1);
}

static void an_office_is_called_by_another_name(void **state)
{
	struct province *p = *state;
	bool changed = false;
	assert_int_equal(add(p, "a", "28249", "2024-01-01"), 0);
	assert_int_equal(office_rename(p->db, "a", "Xã Đoài", "console", &changed, &p->err), 0);
	assert_true(changed);
	assert_int_equal(office_rename(p->db, "a", "Xã Đoài", "console", &changed, &p->err), 0);
	assert_false(changed);
	assert_int_equal(number(p, "SELECT count(*) FROM office WHERE name = 'Xã Đoài'"), 1);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE who = 'console' AND "
				   "what = 'office rename' AND detail LIKE '%name=Xã Đoài'"),
			 1);
	assert_int_equal(office_rename(p->db, "b", "B", "console", &changed, &p->err), -ENOENT);
	assert_int_equal(office_rename(p->db, "a", "", "console", &changed, &p->err), -EINVAL);
	assert_string_equal(p->err.text,
			    "name: '' is not valid; it must be 1 to 200 bytes of text");
}

static void a_bad_move_is_refused_with_its_reason(void **state)
{
	struct province *p = *state;
	assert_int_equal(add(p, "a", "28249", "2024-01-01"), 0);
	assert_int_equal(move(p, "b", "82", "2025-08-01"), -ENOENT);
	assert_string_equal(p->err.text, "there is no office 'b'; `lantoa office list` shows them");
	assert_int_equal(move(p, "a", "28252", "2025-07-01"), -EINVAL);
	assert_string_equal(p->err.text, "unit '28252' is not in force on 2025-07-01; import the "
					 "units or mend code and day");
	assert_int_equal(number(p, "SELECT count(*) FROM assignment"), 1);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE who <> 'lantoa-aggregator'"),
			 1);
}

static int act(struct province *p, enum change_kind kind, const char *code, const char *on)
{
	const struct change_form form = {
		.kind = kind, .who = "console", .office = code, .from = day(on)
	};
	char detail[CHANGE_DETAIL_MAX];
	int64_t at_us = 0;
	size_t changed = 0;
	int rc = change_act(p->db, &form, &changed, detail, &p->err);
	if (rc == 0 && changed)
		rc = event_time(p->db, EVENT_NOW, &at_us, &p->err);
	if (rc == 0 && changed)
		rc = change_note(p->db, &form, detail, at_us, &p->err);
	return rc == 0 ? (int)changed : rc;
}

static void an_office_ends_once_and_not_before_what_it_is_to_do(void **state)
{
	struct province *p = *state;
	assert_int_equal(add(p, "a", "28249", "2024-01-01"), 0);
	assert_int_equal(move(p, "a", "82", "2026-05-01"), true);
	assert_int_equal(act(p, CHANGE_END, "a", "2025-08-01"), -EINVAL);
	assert_string_equal(p->err.text,
			    "office 'a' is to report for unit '82' from 2026-05-01 on, which is "
			    "after 2025-08-01; let it move to none then, and end it: lantoa office "
			    "move a --unit - --from 2026-05-01");
	assert_int_equal(act(p, CHANGE_END, "a", "2023-08-01"), -EINVAL);
	assert_int_equal(move(p, "a", NULL, "2026-05-01"), true);
	assert_int_equal(act(p, CHANGE_END, "a", "2025-08-01"), 1);
	assert_int_equal(act(p, CHANGE_END, "a", "2025-08-01"), 0);
	assert_int_equal(act(p, CHANGE_END, "b", "2025-08-01"), -ENOENT);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE what = 'office end' AND "
				   "detail = 'code=a on=2025-08-01'"),
			 1);
	assert_int_equal(
		number(p, "SELECT unit_code IS NULL FROM assignment WHERE from_day = 20301"), 1);
}

/* Whole to one: it goes. Divided, of unknown share, or gone for good: somebody says. */
static void offices_follow_their_units_where_that_is_certain(void **state)
{
	struct province *p = *state;
	assert_int_equal(
		db_exec(p->db,
			"INSERT INTO unit(code, name, level, parent, valid_from, valid_to) VALUES"
			" ('W', 'Whole', 'commune', '82', 10000, 20270),"
			" ('D', 'Divided', 'commune', '82', 10000, 20270),"
			" ('U', 'Unknown', 'commune', '82', 10000, 20270),"
			" ('G', 'Gone', 'commune', '82', 10000, 20270),"
			" ('E', 'Earlier', 'commune', '82', 10000, 20000),"
			" ('S', 'Same code', 'commune', '82', 10000, 20270),"
			" ('S', 'Same code', 'commune', '82', 20270, NULL),"
			" ('N', 'New', 'commune', '82', 20270, NULL),"
			" ('M', 'More', 'commune', '82', 20270, NULL);"
			"INSERT INTO successor(effective_on, old_code, new_code, share) VALUES"
			" (20270, 'W', 'N', '1'), (20270, 'D', 'N', '1'), (20270, 'D', 'M', '1'),"
			" (20270, 'U', 'N', NULL), (20000, 'E', 'W', '1')",
			&p->err),
		0);
	const char *const units_of[] = { "W", "D", "U", "G", "S", "W", "W" };
	char code[2] = "a";
	for (size_t i = 0; i < sizeof(units_of) / sizeof(units_of[0]); i++, code[0]++)
		assert_int_equal(add(p, code, units_of[i], "2024-01-01"), 0);
	assert_int_equal(add(p, "z", "E", "2024-01-01"), 0);
	assert_int_equal(move(p, "f", "82", "2025-03-01"),
			 true); /* it was taken elsewhere before */
	assert_int_equal(move(p, "g", "82", "2025-09-01"), true); /* and after it */
	assert_int_equal(act(p, CHANGE_FOLLOW, NULL, "2025-07-01"), 2);
	assert_int_equal(
		number(p, "SELECT count(*) FROM assignment JOIN office ON office.id = office"
			  " WHERE from_day = 20270 AND unit_code = 'N' AND code IN ('a', 'g')"),
		2);
	assert_int_equal(number(p, "SELECT count(*) FROM assignment WHERE from_day = 20270"), 2);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE what = 'office follow' AND "
				   "detail = 'on=2025-07-01 offices=2 by_hand=3'"),
			 1);
	assert_int_equal(act(p, CHANGE_FOLLOW, NULL, "2025-07-01"), 0); /* a second time */
	assert_int_equal(act(p, CHANGE_FOLLOW, NULL, "2025-07-02"), 0);
}

static int import(struct province *p, const char *csv, size_t *ret_added)
{
	p->err = (struct err){ 0 };
	return offices_import(p->db, csv, strlen(csv), "console", ret_added, &p->err);
}

static void a_file_of_offices_is_all_or_nothing(void **state)
{
	struct province *p = *state;
	size_t added = 77;
	assert_int_equal(add(p, "z", "82", "2024-01-01"), 0);
	assert_int_equal(import(p,
				HEADER "b,B,28249,2024-01-01\n"
				       "z,Z,82,2024-01-01\n"
				       "a,A,28252,2025-07-01\n"
				       "c,C,82,2024-02-30\n"
				       "b,B2,82,2024-01-01\n"
				       "d,D,82\n",
				&added),
			 -EINVAL);
	assert_ptr_equal(strstr(p->err.text,
				"line 3: name: there is an office 'z' already, called 'Văn phòng'; "
				"write its name so, or give this one another code\n"
				"line 4: unit '28252' is not in force on 2025-07-01; import the "
				"units or mend code and day\n"
				"line 5: from: "),
			 p->err.text);
	assert_non_null(strstr(p->err.text, "\nline 6: code: 'b' is that of line 2 too; give it "
					    "another\nline 7: 3 fields"));
	assert_int_equal(added, 77);
	assert_int_equal(number(p, "SELECT count(*) FROM office"), 1);
	assert_int_equal(
		import(p, HEADER "b,\"B, the second\",28249,2024-01-01\na,A,28252,2024-01-01\n",
		       &added),
		0);
	assert_int_equal(added, 2);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE what = 'office add'"), 3);
	assert_int_equal(number(p, "SELECT (SELECT id FROM office WHERE code = 'b') < "
				   "(SELECT id FROM office WHERE code = 'a')"),
			 1);
}

static void a_file_that_is_imported_again_adds_what_is_new(void **state)
{
	static const char first[] = HEADER "a,A,28249,2024-01-01\nb,B,28252,2024-01-01\n";
	static const char grown[] = HEADER "a,A,28249,2024-01-01\nb,B,28252,2024-01-01\n"
					   "c,C,82,2024-01-01\n";
	struct province *p = *state;
	size_t added = 77;
	assert_int_equal(import(p, first, &added), 0);
	assert_int_equal(added, 2);
	assert_int_equal(import(p, first, &added), 0);
	assert_int_equal(added, 0);
	assert_int_equal(move(p, "a", "82", "2025-08-01"),
			 true); /* that is not the file's matter */
	assert_int_equal(import(p, grown, &added), 0);
	assert_int_equal(added, 1);
	assert_int_equal(number(p, "SELECT count(*) FROM office"), 3);
	assert_int_equal(number(p, "SELECT count(*) FROM assignment"), 4);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE what = 'office add'"), 3);
}

static void a_row_that_contradicts_the_register_is_a_bad_row(void **state)
{
	struct province *p = *state;
	size_t added = 77;
	assert_int_equal(import(p, HEADER "a,A,28249,2024-01-01\n", &added), 0);
	assert_int_equal(import(p,
				HEADER "a,B,28249,2024-01-01\n"
				       "new,N,82,2024-01-01\n",
				&added),
			 -EINVAL);
	assert_string_equal(p->err.text, "line 2: name: there is an office 'a' already, called "
					 "'A'; write its name so, or give this one another code");
	assert_int_equal(import(p, HEADER "new,N,82,2024-01-01\na,A,82,2024-01-01\n", &added),
			 -EINVAL);
	assert_string_equal(p->err.text,
			    "line 3: unit: there is an office 'a' already, but not for unit '82' "
			    "from 2024-01-01 on; `lantoa office show CODE` tells for which, "
			    "`lantoa office move CODE --unit UNIT` moves it");
	assert_int_equal(import(p, HEADER "a,A,28249,2024-01-02\n", &added), -EINVAL);
	assert_int_equal(import(p, HEADER "a,A,28249,2024-01-01\na,A,28249,2024-01-01\n", &added),
			 -EINVAL); /* twice in the file */
	assert_int_equal(number(p, "SELECT count(*) FROM office"), 1);
}

/* --- keys --- */

static enum key_state state_of(struct province *p, int64_t key)
{
	char sql[96];
	(void)snprintf(sql, sizeof(sql), "SELECT state FROM office_key WHERE id = %lld",
		       (long long)key);
	return (enum key_state)number(p, sql);
}

static void an_invitation_is_a_key_pair_for_curve(void **state)
{
	struct province *p = *state;
	struct listed_key key = { 0 };
	uint8_t secret[KEY_LEN], public_key[KEY_LEN];
	assert_int_equal(add(p, "a", "82", "2024-01-01"), 0);
	assert_int_equal(office_invite(p->db, "a", 7, "console", &key, secret, &p->err), 0);
	assert_int_equal(crypto_scalarmult_base(public_key, secret), 0);
	assert_memory_equal(public_key, key.public_key, KEY_LEN);
	assert_int_equal(key.state, KEY_INVITED);
	assert_int_equal(state_of(p, key.id), KEY_INVITED);
	assert_int_equal(office_invite(p->db, "b", 7, "console", &key, secret, &p->err), -ENOENT);
	assert_string_equal(p->err.text, "there is no office 'b'; `lantoa office list` shows them");
}

static void a_new_invitation_revokes_the_earlier_one_of_that_office(void **state)
{
	struct province *p = *state;
	struct listed_key first, other, second;
	assert_int_equal(add(p, "a", "82", "2024-01-01"), 0);
	assert_int_equal(add(p, "b", "82", "2024-01-01"), 0);
	invite(p, "a", &first);
	invite(p, "b", &other);
	invite(p, "a", &second);
	assert_int_equal(state_of(p, first.id), KEY_REVOKED);
	assert_int_equal(state_of(p, other.id), KEY_INVITED);
	assert_int_equal(state_of(p, second.id), KEY_INVITED);
	struct listed_key key;
	const uint8_t own[KEY_LEN] = { 9 };
	assert_int_equal(office_enrol(p->db, first.id, own, &key, &p->err), -EACCES);
}

static void expire(struct province *p, const struct listed_key *invitation, int64_t expires_us)
{
	char sql[128];
	(void)snprintf(sql, sizeof(sql), "UPDATE office_key SET expires_us = %lld WHERE id = %lld",
		       (long long)expires_us, (long long)invitation->id); /* fits */
	assert_int_equal(sqlite3_exec(p->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void an_invitation_that_is_too_old_is_told_until_when_it_was_good(void **state)
{
	struct province *p = *state;
	struct listed_key invitation, key;
	const uint8_t own[KEY_LEN] = { 9 };
	assert_int_equal(add(p, "a", "82", "2024-01-01"), 0);
	invite(p, "a", &invitation);
	assert_true(invitation.expires_us > civil_now_us() + 6 * INT64_C(86400000000));
	assert_true(invitation.expires_us <= civil_now_us() + 7 * INT64_C(86400000000));
	assert_false(listed_key_expired(&invitation, invitation.expires_us - 1));
	assert_true(listed_key_expired(&invitation, invitation.expires_us));
	expire(p, &invitation, INT64_C(1750000000000000));
	assert_int_equal(office_enrol(p->db, invitation.id, own, &key, &p->err), -EACCES);
	assert_non_null(strstr(p->err.text, "valid until 2025-06-15"));
	struct key_list *key_list = key_list_open();
	size_t damaged = 1;
	assert_int_equal(offices_fill_key_list(p->db, key_list, &damaged, &p->err), 0);
	assert_int_equal(damaged, 0);
	assert_int_equal(key_list_by_id(key_list, invitation.id)->expires_us,
			 INT64_C(1750000000000000));
	key_list_close(key_list);
	invite(p, "a", &invitation);
	assert_int_equal(office_enrol(p->db, invitation.id, own, &key, &p->err), 0);
	assert_int_equal(key.expires_us, 0);
}

static void an_invitation_is_spent_once(void **state)
{
	struct province *p = *state;
	struct listed_key invitation, key = { 0 };
	const uint8_t own[KEY_LEN] = { 9 }, another[KEY_LEN] = { 2 }, nobodys[KEY_LEN] = { 1 };
	assert_int_equal(add(p, "a", "82", "2024-01-01"), 0);
	invite(p, "a", &invitation);
	assert_int_equal(office_enrol(p->db, invitation.id, invitation.public_key, &key, &p->err),
			 -EEXIST);
	/* Nobody has such a key (1 is a point of order 4), and the invitation stays. */
	assert_int_equal(office_enrol(p->db, invitation.id, nobodys, &key, &p->err), -EINVAL);
	assert_int_equal(state_of(p, invitation.id), KEY_INVITED);
	assert_int_equal(office_enrol(p->db, invitation.id, own, &key, &p->err), 0);
	assert_int_equal(key.office, invitation.office);
	assert_int_equal(key.state, KEY_ACTIVE);
	assert_memory_equal(key.public_key, own, KEY_LEN);
	assert_int_equal(state_of(p, invitation.id), KEY_SPENT);
	assert_int_equal(state_of(p, key.id), KEY_ACTIVE);
	assert_int_equal(office_enrol(p->db, invitation.id, another, &key, &p->err), -EACCES);
	assert_int_equal(office_enrol(p->db, key.id, another, &key, &p->err), -EACCES);
	assert_int_equal(office_enrol(p->db, 77, another, &key, &p->err), -EACCES);
	assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE who = 'office:a' AND "
				   "what = 'office enrol'"),
			 1);
}

static void a_new_key_replaces_the_old_one_which_never_comes_back(void **state)
{
	struct province *p = *state;
	struct listed_key invitation, first, second;
	const uint8_t own[KEY_LEN] = { 9 }, another[KEY_LEN] = { 2 };
	assert_int_equal(add(p, "a", "82", "2024-01-01"), 0);
	invite(p, "a", &invitation);
	assert_int_equal(office_enrol(p->db, invitation.id, own, &first, &p->err), 0);
	invite(p, "a", &invitation);
	assert_int_equal(state_of(p, first.id), KEY_ACTIVE); /* until the new one is there */
	assert_int_equal(office_enrol(p->db, invitation.id, own, &second, &p->err), -EEXIST);
	assert_int_equal(office_enrol(p->db, invitation.id, another, &second, &p->err), 0);
	assert_int_equal(state_of(p, first.id), KEY_REVOKED);
	assert_int_equal(state_of(p, second.id), KEY_ACTIVE);
}

static void revoking_ends_keys_and_open_invitations(void **state)
{
	struct province *p = *state;
	struct listed_key invitation, key;
	const uint8_t own[KEY_LEN] = { 9 };
	size_t revoked = 0;
	assert_int_equal(add(p, "a", "82", "2024-01-01"), 0);
	invite(p, "a", &invitation);
	assert_int_equal(office_enrol(p->db, invitation.id, own, &key, &p->err), 0);
	invite(p, "a", &invitation);
	assert_int_equal(office_revoke(p->db, "a", "console", &revoked, &p->err), 0);
	assert_int_equal(revoked, 2);
	assert_int_equal(state_of(p, key.id), KEY_REVOKED);
	assert_int_equal(state_of(p, invitation.id), KEY_REVOKED);
	assert_int_equal(office_revoke(p->db, "a", "console", &revoked, &p->err), 0);
	assert_int_equal(revoked, 0);
	assert_int_equal(office_revoke(p->db, "b", "console", &revoked, &p->err), -ENOENT);
}

/* It keeps its own office out, and no other. */
static void a_key_that_a_disk_damaged_is_passed_over_and_counted(void **state)
{
	static const char *const damages[] = {
		"UPDATE office_key SET public_key = x'00' WHERE id = 1",
		"UPDATE office_key SET state = 77 WHERE id = 1",
		"UPDATE office_key SET expires_us = -5 WHERE id = 1",
		"UPDATE office SET code = '' WHERE id = 1",
	};
	struct province *p = *state;
	struct listed_key first, second;
	assert_int_equal(add(p, "a", "82", "2024-01-01"), 0);
	assert_int_equal(add(p, "b", "82", "2024-01-01"), 0);
	invite(p, "a", &first);
	invite(p, "b", &second);
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		struct key_list *key_list = key_list_open();
		struct condition_facts facts = { 0 };
		struct reference *reference = NULL;
		struct table *table = NULL;
		size_t damaged = 0;
		assert_int_equal(
			db_exec(p->db, "BEGIN; PRAGMA ignore_check_constraints = ON", &p->err), 0);
		assert_int_equal(db_exec(p->db, damages[i], &p->err), 0);
		assert_int_equal(offices_fill_key_list(p->db, key_list, &damaged, &p->err), 0);
		assert_int_equal(damaged, 1);
		assert_null(key_list_by_id(key_list, first.id));
		assert_non_null(key_list_by_id(key_list, second.id));
		assert_int_equal(reference_load(p->db, &reference, &p->err), 0);
		assert_int_equal(status_run(p->db, reference, &facts, &table, &p->err), 0);
		assert_int_equal(facts.damaged_keys, 1);
		table_close(table);
		reference_close(reference);
		key_list_close(key_list);
		db_rollback(p->db);
	}
}

static void the_list_of_keys_gets_every_key_with_its_state(void **state)
{
	struct province *p = *state;
	struct listed_key invitation, key;
	const uint8_t own[KEY_LEN] = { 9 };
	assert_int_equal(add(p, "a", "82", "2024-01-01"), 0);
	invite(p, "a", &invitation);
	assert_int_equal(office_enrol(p->db, invitation.id, own, &key, &p->err), 0);
	struct key_list *key_list = key_list_open();
	size_t damaged = 1;
	assert_int_equal(offices_fill_key_list(p->db, key_list, &damaged, &p->err), 0);
	assert_int_equal(damaged, 0);
	assert_int_equal(key_list_count(key_list), 2);
	assert_int_equal(key_list_by_key(key_list, own)->state, KEY_ACTIVE);
	assert_int_equal(key_list_by_key(key_list, own)->office, key.office);
	assert_int_equal(key_list_by_id(key_list, invitation.id)->state, KEY_SPENT);
	key_list_close(key_list);
}

/* --- faults --- */

static int whole_life(struct province *p)
{
	int64_t id = 0;
	size_t added = 0;
	uint8_t secret[KEY_LEN];
	struct listed_key invitation, key;
	const uint8_t own[KEY_LEN] = { 9 };
	static const char csv[] = HEADER "b,B,28249,2024-01-01\nc,C,82,2024-01-01\n";
	int rc = db_begin(p->db, &p->err);
	if (rc == 0)
		rc = office_add(p->db, "a", "A", "82", 19000, "console", &id, &p->err);
	if (rc == 0)
		rc = offices_import(p->db, csv, strlen(csv), "console", &added, &p->err);
	if (rc == 0)
		rc = office_invite(p->db, "a", 7, "console", &invitation, secret, &p->err);
	if (rc == 0)
		rc = office_enrol(p->db, invitation.id, own, &key, &p->err);
	return province_end(p, rc);
}

static void whatever_is_refused_leaves_all_or_nothing(void **state)
{
	static const unsigned doors[] = { FAULT_DISK, FAULT_FULL, FAULT_MEMORY };
	struct province *p = *state;
	for (size_t i = 0; i < 3; i++) {
		bool fired = true;
		for (unsigned after = 0; fired; after++) {
			fault_arm_at(doors[i], after);
			int rc = whole_life(p);
			fired = fault_disarm();
			bool done = rc == 0;
			assert_true(done || fired);
			assert_int_equal(number(p, "SELECT count(*) FROM office"), done ? 3 : 0);
			assert_int_equal(number(p, "SELECT count(*) FROM assignment"),
					 done ? 3 : 0);
			assert_int_equal(number(p, "SELECT count(*) FROM office_key"),
					 done ? 2 : 0);
			assert_int_equal(number(p, "SELECT count(*) FROM audit WHERE who <> "
						   "'lantoa-aggregator'"),
					 done ? 5 : 0);
			assert_int_equal(db_exec(p->db,
						 "DELETE FROM office_key; DELETE FROM assignment; "
						 "DELETE FROM office; DELETE FROM event",
						 &p->err),
					 0);
		}
	}
}

/* --- rows that a disk damaged --- */

#define DEEP                                                                                       \
	"code,name,level,parent,valid_from,valid_to\n"                                             \
	"82,P,province,,2020-01-01,\n"                                                             \
	"D,District,district,82,2020-01-01,\n"                                                     \
	"C1,One,commune,D,2020-01-01,\n"                                                           \
	"C2,Two,commune,82,2020-01-01,\n"

/* Of a the unit lies in a district, of b in the province. */
static const struct damaged_row {
	const char *sql, *note;
	bool a, b; /* are in doubt */
} damaged_rows[] = {
	{ "UPDATE unit SET name = CAST(x'ff' AS TEXT) WHERE code = 'C1'",
	  "it is damaged: 'name' of a row of 'unit' is not what can have been written there (row "
	  "3)",
	  true, false },
	{ "UPDATE unit SET valid_from = 999999 WHERE code = 'D'", "'valid_from' of a row of 'unit'",
	  true, false },
	{ "UPDATE unit SET parent = code WHERE code = 'D'",
	  "unit 'D' lies in itself or in a ring on 2020-01-01 (row 2 of 'unit')", true, false },
	{ "UPDATE unit SET code = CAST(x'ff' AS TEXT) WHERE code = '82'",
	  "'code' of a row of 'unit'", true, true },
	{ "UPDATE assignment SET from_day = 999999 WHERE office = 1",
	  "'from_day' of a row of 'assignment' is not what can have been written there (row of "
	  "office 1)",
	  true, false },
	{ "UPDATE office SET name = CAST(x'ff' AS TEXT) WHERE id = 1",
	  "'name' of a row of 'office'", true, false },
	{ "UPDATE office SET code = CAST(x'ff' AS TEXT) WHERE id = 2",
	  "'code' of a row of 'office'", false, true },
	{ "INSERT INTO successor VALUES(20000, 'C1', 'C2', CAST(x'ff' AS TEXT))",
	  "'share' of a row of 'successor'", false, false },
};

static void assert_left_out(struct province *p, const struct damaged_row *damaged)
{
	struct reference *reference = NULL;
	size_t changed;
	assert_int_equal(reference_load(p->db, &reference, &p->err), 0);
	const struct units *units = reference->units;
	const struct offices *offices = reference->offices;
	assert_int_equal(units->damage.n + offices->damage.n, 1);
	const char *note = units->damage.n ? units->damage.notes[0] : offices->damage.notes[0];
	if (!strstr(note, damaged->note))
		fail_msg("%s: %s", damaged->sql, note);
	assert_int_equal(office_is_doubtful(offices_by_id(offices, 1), units, day("2025-01-01")),
			 damaged->a);
	assert_int_equal(office_is_doubtful(offices_by_id(offices, 2), units, day("2025-01-01")),
			 damaged->b);
	/* nothing is written over it */
	if (units->damage.n > 0)
		assert_int_equal(units_import(p->db, DEEP, strlen(DEEP), &changed, &p->err),
				 -EUCLEAN);
	assert_int_equal(reference_sound(reference, &p->err), -EUCLEAN);
	assert_non_null(strstr(p->err.text, damaged->note));
	reference_close(reference);
	assert_int_equal(move(p, "a", "C2", "2025-01-01"), -EUCLEAN);
}

static void a_row_that_a_disk_damaged_is_left_out_and_puts_its_own_in_doubt(void **state)
{
	struct province *p = *state;
	struct reference *reference = NULL;
	size_t changed;
	assert_int_equal(db_exec(p->db, "DELETE FROM unit", &p->err), 0);
	assert_int_equal(units_import(p->db, DEEP, strlen(DEEP), &changed, &p->err), 0);
	assert_int_equal(db_exec(p->db,
				 "UPDATE unit SET id = CASE code WHEN '82' THEN 1 WHEN 'D' "
				 "THEN 2 WHEN 'C1' THEN 3 ELSE 4 END + 100; UPDATE unit SET "
				 "id = id - 100",
				 &p->err),
			 0);
	assert_int_equal(add(p, "a", "C1", "2020-01-01"), 0);
	assert_int_equal(add(p, "b", "C2", "2020-01-01"), 0);
	for (size_t i = 0; i < sizeof(damaged_rows) / sizeof(damaged_rows[0]); i++) {
		assert_int_equal(db_begin(p->db, &p->err), 0);
		assert_int_equal(db_exec(p->db, damaged_rows[i].sql, &p->err), 0);
		assert_left_out(p, &damaged_rows[i]);
		db_rollback(p->db);
	}
	assert_int_equal(reference_load(p->db, &reference, &p->err), 0);
	assert_int_equal(reference_sound(reference, &p->err), 0);
	assert_false(office_is_doubtful(offices_by_id(reference->offices, 1), reference->units,
					day("2025-01-01")));
	reference_close(reference);
}

#define test(name) cmocka_unit_test_setup_teardown(name, setup, province_teardown)

int main(void)
{
	fault_install();
	const struct CMUnitTest tests[] = {
		test(an_office_reports_for_the_unit_of_the_day),
		test(an_office_is_found_by_a_name_that_is_its_alone),
		test(a_bad_office_is_refused_with_its_reason),
		test(adding_is_audited_and_moves_the_reference),
		test(an_office_moves_from_a_day_until_its_next_assignment),
		test(an_office_is_called_by_another_name),
		test(a_bad_move_is_refused_with_its_reason),
		test(an_office_ends_once_and_not_before_what_it_is_to_do),
		test(offices_follow_their_units_where_that_is_certain),
		test(a_file_of_offices_is_all_or_nothing),
		test(a_file_that_is_imported_again_adds_what_is_new),
		test(a_row_that_contradicts_the_register_is_a_bad_row),
		test(an_invitation_is_a_key_pair_for_curve),
		test(a_new_invitation_revokes_the_earlier_one_of_that_office),
		test(an_invitation_that_is_too_old_is_told_until_when_it_was_good),
		test(an_invitation_is_spent_once),
		test(a_new_key_replaces_the_old_one_which_never_comes_back),
		test(revoking_ends_keys_and_open_invitations),
		test(a_key_that_a_disk_damaged_is_passed_over_and_counted),
		test(the_list_of_keys_gets_every_key_with_its_state),
		test(a_row_that_a_disk_damaged_is_left_out_and_puts_its_own_in_doubt),
		test(whatever_is_refused_leaves_all_or_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
