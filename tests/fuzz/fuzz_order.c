/* What somebody orders on the province's page, as it comes: an address, and behind a line end the
 * table of a form. What is read is written as an address that is read as the same, and sent as
 * JSON; a table keeps all of its text but the ends of its lines. */
#include "common/base/utf8.h"
#include "dashboard/acts.h"
#include "dashboard/order.h"
#include "fuzz/fuzz.h"

#include <errno.h>
#include <jansson.h>

static void check_again(const struct order *order, const struct view *view)
{
	char address[QUESTION_MAX];
	struct order again;
	struct view same;
	struct err err;

	(void)order_address(order, view, address);
	require(act_find(address) == order->act);
	require(order_read(order->act, address, &same, &again, &err) == 0);
	if (strcmp(address, view->path) != 0) {
		require(memcmp(view, &same, sizeof(same)) == 0);
		for (const struct act_field *field = order->act->fields; field->name; field++)
			require(strcmp(order_value(order, field->name),
				       order_value(&again, field->name)) == 0);
		require(strcmp(order->back ? order->back : "", again.back ? again.back : "") == 0);
	}
	order_deinit(&again);
}

static void check_sending(struct order *order)
{
	struct sending sending;
	struct err err;
	json_t *json;

	if (!order->act->path)
		return;
	require(order_sending(order, true, &sending, &err) == 0);
	if (!order->act->table) {
		json = json_loadb(sending.body, sending.len, 0, NULL);
		require(json_is_object(json));
		json_decref(json);
	}
}

static void check_table(struct order *order, const char *text, size_t len)
{
	struct err err = { 0 };
	size_t n = 0;
	int rc = order_take_table(order, text, len, &err);

	require(rc == 0 || ((rc == -EINVAL || rc == -E2BIG) && *err.text));
	if (rc < 0)
		return;
	for (size_t i = 0; i < order->table.len; i++)
		n += order->table.data[i] != '\n';
	for (size_t i = 0; i < len; i++)
		n -= text[i] != '\r' && text[i] != '\n';
	require(n == 0 || n == (size_t)-3); /* a byte order mark */
	require(utf8_valid((const char *)order->table.data, order->table.len));
	require(!memchr(order->table.data, '\r', order->table.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *end = len > 0 ? memchr(data, '\n', len) : NULL;
	size_t n = end ? (size_t)(end - data) : len;
	char *target = strndup((const char *)data, n);
	const struct act *act = target ? act_find(target) : NULL;
	struct order order;
	struct view view;
	struct err err = { 0 };

	if (act) {
		int rc = order_read(act, target, &view, &order, &err);

		require(rc == 0 || (rc == -EINVAL && *err.text));
		if (rc == 0) {
			check_again(&order, &view);
			check_sending(&order);
		}
		if (end)
			check_table(&order, (const char *)end + 1, len - n - 1);
		order_deinit(&order);
	}
	free(target);
	return 0;
}
