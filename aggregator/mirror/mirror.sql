-- What lantoa-mirror keeps in PostgreSQL, version 1. It runs this in one transaction where there is no schema lantoa, and
-- the part behind the line "views" whenever the views there are others.
--
-- Province is in every key: codes of offices are unique within a province only. known_from and known_to are positions of
-- the province's ledger, never times: a row held from known_from on, up to but without known_to (NULL: it still does).
-- Nothing here is a float, a trigger, an identity column or a foreign key: PostgreSQL, Citus and whatever else speaks its
-- protocol take it alike.
CREATE SCHEMA lantoa;

-- The one memory of the mirror: how far it is, in the transaction that holds the rows.
CREATE TABLE lantoa.watermark(
	province text COLLATE "C" PRIMARY KEY,
	position bigint NOT NULL, -- all of the ledger up to here is in the tables
	epoch bigint NOT NULL,    -- of the ledger; a restored province has a higher one
	beginning text NOT NULL,  -- link of the ledger's first item: which ledger this is
	damaged bigint NOT NULL,  -- items that a disk of the province damaged, of which nothing is known
	moved timestamptz NOT NULL
);

-- The journal: which batches came when. link is that of the ledger's chain.
CREATE TABLE lantoa.entry(
	province text COLLATE "C" NOT NULL,
	office text COLLATE "C" NOT NULL,
	spool numeric(20) NOT NULL,
	seq bigint NOT NULL,
	journal_id bigint NOT NULL,
	position bigint NOT NULL,
	day date NOT NULL,
	received_us bigint NOT NULL, -- microseconds since 1970, UTC
	link text NOT NULL,
	PRIMARY KEY (province, office, spool, seq)
);
CREATE INDEX entry_journal ON lantoa.entry(province, journal_id);

-- Whatever else is in the ledger, and what of it is damaged (kind 'damaged').
CREATE TABLE lantoa.event(
	province text COLLATE "C" NOT NULL,
	position bigint NOT NULL,
	event_id bigint,
	after_journal bigint,
	kind text NOT NULL,
	at_us bigint,
	who text,
	detail text,
	body json,
	link text,
	PRIMARY KEY (province, position)
);

-- Every figure that an office ever gave. One that never counted has known_to = known_from; a withdrawal is a row without a
-- value. What is released or held again later gets a row more, of the same entry.
CREATE TABLE lantoa.figure(
	province text COLLATE "C" NOT NULL,
	office text COLLATE "C" NOT NULL,
	metric text COLLATE "C" NOT NULL,
	labels text COLLATE "C" NOT NULL,
	calendar text COLLATE "C" NOT NULL,
	period text COLLATE "C" NOT NULL,
	known_from bigint NOT NULL,
	run integer NOT NULL,   -- of its batch,
	point integer NOT NULL, -- and of that run, as quarantine names what is held
	entry bigint NOT NULL,  -- entry.journal_id
	known_to bigint,
	day date NOT NULL,      -- the first of the period
	value numeric,
	PRIMARY KEY (province, office, metric, labels, calendar, period, known_from, run)
) WITH (fillfactor = 90);
-- Entries rise with the rows: a few pages tell where one is.
CREATE INDEX figure_entry ON lantoa.figure USING brin(entry) WITH (pages_per_range = 16);

CREATE TABLE lantoa.quarantine(
	province text COLLATE "C" NOT NULL,
	journal bigint NOT NULL,
	run integer NOT NULL,
	point integer NOT NULL, -- -1: the whole run
	verdict text NOT NULL,
	observations bigint NOT NULL,
	released_us bigint,
	held_us bigint,
	known_from bigint NOT NULL,
	known_to bigint,
	PRIMARY KEY (province, journal, run, point, known_from)
);

-- Reference tables, as the province has them, and had them at any position.
CREATE TABLE lantoa.unit(
	province text COLLATE "C" NOT NULL,
	id bigint NOT NULL,
	code text COLLATE "C" NOT NULL,
	name text NOT NULL,
	level text NOT NULL,
	parent text COLLATE "C",
	valid_from date NOT NULL,
	valid_to date, -- the day after its last
	known_from bigint NOT NULL,
	known_to bigint,
	PRIMARY KEY (province, id, known_from)
);
CREATE TABLE lantoa.successor(
	province text COLLATE "C" NOT NULL,
	effective_on date NOT NULL,
	old_code text COLLATE "C" NOT NULL,
	new_code text COLLATE "C" NOT NULL,
	share text,
	known_from bigint NOT NULL,
	known_to bigint,
	PRIMARY KEY (province, effective_on, old_code, new_code, known_from)
);
CREATE TABLE lantoa.office(
	province text COLLATE "C" NOT NULL,
	id bigint NOT NULL,
	code text COLLATE "C" NOT NULL,
	name text NOT NULL,
	known_from bigint NOT NULL,
	known_to bigint,
	PRIMARY KEY (province, id, known_from)
);
CREATE TABLE lantoa.assignment(
	province text COLLATE "C" NOT NULL,
	office bigint NOT NULL, -- office.id
	from_day date NOT NULL,
	unit_code text COLLATE "C", -- NULL: to no unit
	known_from bigint NOT NULL,
	known_to bigint,
	PRIMARY KEY (province, office, from_day, known_from)
);
CREATE TABLE lantoa.closing(
	province text COLLATE "C" NOT NULL,
	metric text COLLATE "C" NOT NULL, -- '': every metric
	calendar text NOT NULL,
	grain text NOT NULL,
	number bigint NOT NULL, -- of the period, counted from the one that holds 1970-01-01
	closed_us bigint NOT NULL,
	who text NOT NULL,
	known_from bigint NOT NULL,
	known_to bigint,
	PRIMARY KEY (province, metric, calendar, grain, number, known_from)
);
CREATE TABLE lantoa.excuse(
	province text COLLATE "C" NOT NULL,
	id bigint NOT NULL,
	office bigint NOT NULL, -- office.id
	metric text NOT NULL,
	form text NOT NULL,
	calendar text NOT NULL,
	period text NOT NULL,
	until text NOT NULL,
	reason text NOT NULL,
	who text NOT NULL,
	at_us bigint NOT NULL,
	ended_us bigint,
	known_from bigint NOT NULL,
	known_to bigint,
	PRIMARY KEY (province, id, known_from)
);
-- Lines of the files that were imported: catalogue, indicators, dimensions, rules, days_off.
CREATE TABLE lantoa.line(
	province text COLLATE "C" NOT NULL,
	file text COLLATE "C" NOT NULL,
	number integer NOT NULL,
	cells jsonb NOT NULL, -- by column; empty ones are left out
	known_from bigint NOT NULL,
	known_to bigint,
	PRIMARY KEY (province, file, number, known_from)
);

CREATE TABLE lantoa.version(tables integer NOT NULL, views text NOT NULL);
INSERT INTO lantoa.version VALUES (1, '');

-- views

-- Last known position of a province.
CREATE OR REPLACE FUNCTION lantoa.here(of_province text) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT position FROM lantoa.watermark WHERE province = of_province $$;

-- The position at an instant: what was received by then.
CREATE OR REPLACE FUNCTION lantoa.position_at(of_province text, instant timestamptz) RETURNS bigint LANGUAGE sql STABLE AS $$
	SELECT greatest(
		coalesce((SELECT max(position) FROM lantoa.entry WHERE province = of_province
			AND received_us <= (extract(epoch FROM instant) * 1000000)::bigint), 0),
		coalesce((SELECT max(position) FROM lantoa.event WHERE province = of_province
			AND at_us <= (extract(epoch FROM instant) * 1000000)::bigint), 0)) $$;

-- The catalogue of a position.
CREATE OR REPLACE FUNCTION lantoa.catalogue_at(of_province text, known bigint)
RETURNS TABLE(name text, label_vi text, label_en text, unit text, kind text, time_agg text, area_agg text, period text,
	calendar text, dimensions text, decimals integer, carry integer, level text, due_days integer) LANGUAGE sql STABLE AS $$
	SELECT cells->>'name', cells->>'label_vi', cells->>'label_en', cells->>'unit', cells->>'kind', cells->>'time_agg',
		cells->>'area_agg', cells->>'period', coalesce(cells->>'calendar', 'civil'), cells->>'dimensions',
		coalesce((cells->>'decimals')::integer, 0), coalesce((cells->>'carry')::integer, 0), cells->>'level',
		coalesce((cells->>'due_days')::integer, 0)
	FROM lantoa.line WHERE province = of_province AND file = 'catalogue'
		AND known_from <= known AND (known_to IS NULL OR known < known_to) $$;

CREATE OR REPLACE VIEW lantoa.catalogue AS
	SELECT w.province, c.* FROM lantoa.watermark w, LATERAL lantoa.catalogue_at(w.province, w.position) c;
CREATE OR REPLACE VIEW lantoa.indicator AS
	SELECT province, cells->>'name' AS name, cells->>'label_vi' AS label_vi, cells->>'label_en' AS label_en,
		cells->>'formula' AS formula, cells->>'unit' AS unit, cells->>'target_year' AS target_year,
		cells->>'target_value' AS target_value
	FROM lantoa.line WHERE file = 'indicators' AND known_to IS NULL;
CREATE OR REPLACE VIEW lantoa.dimension AS
	SELECT province, cells->>'dimension' AS dimension, cells->>'code' AS code, cells->>'label_vi' AS label_vi,
		cells->>'label_en' AS label_en, cells->>'valid_from' AS valid_from, cells->>'valid_to' AS valid_to
	FROM lantoa.line WHERE file = 'dimensions' AND known_to IS NULL;

-- Of what grain a period is, by how it is written.
CREATE OR REPLACE FUNCTION lantoa.grain_of(period text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN period ~ '^\d{4}$' THEN 'year' WHEN period ~ '^\d{4}-S\d$' THEN 'semester'
		WHEN period ~ '^\d{4}-Q\d$' THEN 'quarter' WHEN period ~ '^\d{4}-\d\d$' THEN 'month'
		WHEN period ~ '^\d{4}-W\d\d$' THEN 'week' WHEN length(period) = 10 THEN 'day'
		WHEN length(period) = 13 THEN 'hour' ELSE 'minute' END $$;

-- Figures that count, as they are known now: one row for each office, metric, labels and period.
CREATE OR REPLACE VIEW lantoa.figure_now AS
	SELECT f.province, f.office, f.metric, f.labels, f.calendar, f.period, f.day, f.value, f.known_from, f.entry
	FROM lantoa.figure f JOIN lantoa.catalogue c ON c.province = f.province AND c.name = f.metric
		AND c.calendar = f.calendar AND c.period = lantoa.grain_of(f.period)
	WHERE f.known_to IS NULL AND f.value IS NOT NULL;

-- When something of (office, metric, period) first counted, and how often another value replaced one.
CREATE OR REPLACE VIEW lantoa.reported AS
	SELECT f.province, f.office, f.metric, f.calendar, f.period, min(e.received_us) AS first_received_us,
		count(*) FILTER (WHERE f.known_to IS NOT NULL) AS revisions
	FROM lantoa.figure f JOIN lantoa.entry e ON e.province = f.province AND e.journal_id = f.entry
	WHERE f.known_to IS DISTINCT FROM f.known_from AND f.value IS NOT NULL GROUP BY 1, 2, 3, 4, 5;

-- Periods of a day and longer are numbers: how many of their grain lie between them and the one that holds 1970-01-01.
-- The report calendar's months run from the 15th to the 14th and are named by the month they end in.
CREATE OR REPLACE FUNCTION lantoa.period_number(grain text, calendar text, day date) RETURNS integer LANGUAGE sql IMMUTABLE
AS $$
	SELECT CASE grain WHEN 'day' THEN day - date '1970-01-01'
		WHEN 'week' THEN floor((day - date '1969-12-29') / 7.0)::integer
		ELSE (SELECT floor((extract(year FROM d) * 12 + extract(month FROM d) - 1 - 1970 * 12) / CASE grain
			WHEN 'month' THEN 1 WHEN 'quarter' THEN 3 WHEN 'semester' THEN 6 WHEN 'year' THEN 12 END)::integer
		FROM (SELECT CASE calendar WHEN 'report' THEN date_trunc('month', (day - 14)::timestamp) + interval '1 month'
			ELSE day::timestamp END AS d) x) END $$;
CREATE OR REPLACE FUNCTION lantoa.period_first_day(grain text, calendar text, number integer) RETURNS date LANGUAGE sql
IMMUTABLE AS $$
	SELECT CASE grain WHEN 'day' THEN date '1970-01-01' + number WHEN 'week' THEN date '1969-12-29' + number * 7
		ELSE (SELECT CASE calendar WHEN 'report' THEN (d - interval '1 month')::date + 14 ELSE d::date END
		FROM (SELECT timestamp '1970-01-01' + make_interval(months => number * CASE grain WHEN 'month' THEN 1
			WHEN 'quarter' THEN 3 WHEN 'semester' THEN 6 WHEN 'year' THEN 12 END) AS d) x) END $$;
CREATE OR REPLACE FUNCTION lantoa.period_text(grain text, number integer) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE grain WHEN 'day' THEN to_char(date '1970-01-01' + number, 'YYYY-MM-DD')
		WHEN 'week' THEN to_char(date '1969-12-29' + number * 7, 'IYYY"-W"IW')
		WHEN 'month' THEN to_char(timestamp '1970-01-01' + make_interval(months => number), 'YYYY-MM')
		WHEN 'quarter' THEN to_char(timestamp '1970-01-01' + make_interval(months => number * 3), 'YYYY"-Q"Q')
		WHEN 'semester' THEN (1970 + floor(number / 2.0))::integer || '-S' || (number + 2000) % 2 + 1
		WHEN 'year' THEN (1970 + number)::text END $$;

-- Exact fractions, for means: {numerator, denominator}. A mean of means has a numerator and a denominator, too.
CREATE OR REPLACE FUNCTION lantoa.fraction_add(sum numeric[], n numeric, d numeric) RETURNS numeric[] LANGUAGE sql IMMUTABLE
AS $$
	SELECT CASE WHEN n IS NULL THEN sum WHEN sum[2] = d THEN ARRAY[sum[1] + n, d]
		ELSE ARRAY[sum[1] * div(lcm(sum[2], d), sum[2]) + n * div(lcm(sum[2], d), d), lcm(sum[2], d)] END $$;
CREATE OR REPLACE FUNCTION lantoa.fraction_less(low numeric[], n numeric, d numeric) RETURNS numeric[] LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN low IS NULL OR n * low[2] < low[1] * d THEN ARRAY[n, d] ELSE low END $$;
CREATE OR REPLACE FUNCTION lantoa.fraction_more(high numeric[], n numeric, d numeric) RETURNS numeric[] LANGUAGE sql IMMUTABLE
AS $$ SELECT CASE WHEN high IS NULL OR n * high[2] > high[1] * d THEN ARRAY[n, d] ELSE high END $$;
CREATE OR REPLACE AGGREGATE lantoa.fraction_sum(numeric, numeric)(SFUNC = lantoa.fraction_add, STYPE = numeric[],
	INITCOND = '{0,1}');
CREATE OR REPLACE AGGREGATE lantoa.fraction_min(numeric, numeric)(SFUNC = lantoa.fraction_less, STYPE = numeric[]);
CREATE OR REPLACE AGGREGATE lantoa.fraction_max(numeric, numeric)(SFUNC = lantoa.fraction_more, STYPE = numeric[]);
-- To so many decimals, half to even (rule 5.8).
CREATE OR REPLACE FUNCTION lantoa.fraction_round(f numeric[], decimals integer) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
	SELECT sign(f[1]) * (q + CASE WHEN 2 * (x - q * f[2]) > f[2] OR (2 * (x - q * f[2]) = f[2] AND q % 2 = 1) THEN 1 ELSE 0 END)
		* ('1e-' || decimals)::numeric
	FROM (SELECT x, div(x, f[2]) AS q FROM (SELECT abs(f[1]) * ('1e' || decimals)::numeric AS x) a) b $$;

-- Which unit of a level an office stood in on a day, as known at a position; where it stood, whatever the level, NULL for
-- of_level. No row: it stood in none.
CREATE OR REPLACE FUNCTION lantoa.unit_on(of_province text, of_office text, on_day date, of_level text, known bigint)
RETURNS TABLE(id bigint, code text, name text, valid_from date, level text) LANGUAGE sql STABLE AS $$
	WITH RECURSIVE placed AS (
		SELECT a.unit_code FROM lantoa.office o JOIN lantoa.assignment a ON a.province = o.province AND a.office = o.id
		WHERE o.province = of_province AND o.code = of_office AND a.from_day <= on_day
			AND o.known_from <= known AND (o.known_to IS NULL OR known < o.known_to)
			AND a.known_from <= known AND (a.known_to IS NULL OR known < a.known_to)
		ORDER BY a.from_day DESC LIMIT 1),
	above AS (
		SELECT u.* FROM lantoa.unit u JOIN placed p ON u.code = p.unit_code
		WHERE u.province = of_province AND u.valid_from <= on_day AND (u.valid_to IS NULL OR on_day < u.valid_to)
			AND u.known_from <= known AND (u.known_to IS NULL OR known < u.known_to)
		UNION ALL
		SELECT u.* FROM above b JOIN lantoa.unit u ON u.code = b.parent
		WHERE b.level IS DISTINCT FROM of_level AND of_level IS NOT NULL
			AND u.province = of_province AND u.valid_from <= on_day AND (u.valid_to IS NULL OR on_day < u.valid_to)
			AND u.known_from <= known AND (u.known_to IS NULL OR known < u.known_to))
	SELECT id, code, name, valid_from, level FROM above WHERE of_level IS NULL OR level = of_level $$;

-- The last day up to on_day from which on another unit may be in force, or an office stand elsewhere, by anything that was
-- ever known: from there to on_day nothing changes. NULL: none was in force yet.
CREATE OR REPLACE FUNCTION lantoa.unit_edge(of_province text, on_day date) RETURNS date LANGUAGE sql STABLE AS $$
	SELECT greatest(
		(SELECT max(from_day) FROM lantoa.assignment WHERE province = of_province AND from_day <= on_day),
		(SELECT max(valid_from) FROM lantoa.unit WHERE province = of_province AND valid_from <= on_day),
		(SELECT max(valid_to) FROM lantoa.unit WHERE province = of_province AND valid_to <= on_day)) $$;

-- Figures of a metric by unit and period, under the borders of their time (rules 5.1 to 5.4, 5.6, 5.8): of periods of grain
-- per from the one that holds first_day to the one that holds last_day; of_level: units of that level, 'office', or NULL for
-- one total; known: as known at that position. The row without an area is of what lies in no unit of that level. What
-- `lantoa query` shows as empty has no row.
CREATE OR REPLACE FUNCTION lantoa.figures(of_province text, of_metric text, per text, first_day date, last_day date,
	of_level text DEFAULT NULL, known bigint DEFAULT NULL, of_calendar text DEFAULT NULL)
RETURNS TABLE(period text, area text, name text, valid_from date, value numeric, offices bigint, observations bigint)
LANGUAGE sql STABLE AS $$
	WITH asked AS (
		SELECT m.*, coalesce(known, lantoa.here(of_province)) AS at, coalesce(of_calendar, m.calendar) AS by,
			'mean' IN (m.time_agg, m.area_agg) AS exact
		FROM lantoa.catalogue_at(of_province, coalesce(known, lantoa.here(of_province))) m WHERE m.name = of_metric),
	buckets AS MATERIALIZED (
		SELECT n, lantoa.period_text(per, n) AS text, b.first, lantoa.period_first_day(per, q.by, n + 1) AS next,
			CASE WHEN q.period IN ('hour', 'minute') THEN b.first - date '1970-01-01'
				ELSE lantoa.period_number(q.period, q.calendar, b.first)
					- CASE WHEN b.first <= (now() AT TIME ZONE 'Asia/Ho_Chi_Minh')::date THEN q.carry ELSE 0 END END AS good_from
		FROM asked q, generate_series(lantoa.period_number(per, q.by, first_day), lantoa.period_number(per, q.by, last_day)) n,
			LATERAL (SELECT lantoa.period_first_day(per, q.by, n) AS first) b
		WHERE per NOT IN ('hour', 'minute')),
	span AS (
		SELECT coalesce(min(first), first_day) AS first, coalesce(max(next), last_day + 1) AS next FROM buckets),
	standing AS MATERIALIZED (
		SELECT f.office, f.labels, f.period, f.day, f.value FROM asked q, span s, lantoa.figure f
		WHERE f.province = of_province AND f.metric = of_metric AND f.calendar = q.calendar
			AND f.known_from <= q.at AND (f.known_to IS NULL OR q.at < f.known_to) AND f.value IS NOT NULL
			AND lantoa.grain_of(f.period) = q.period AND f.day < s.next
			AND (q.time_agg = 'last' OR f.day >= s.first)),
	-- Of each day, not of each figure: functions and ranges take long.
	of_day AS MATERIALIZED (
		SELECT d.day, b.text AS bucket, CASE WHEN q.time_agg <> 'last' THEN NULL
			WHEN q.period IN ('hour', 'minute') THEN d.day - date '1970-01-01'
			ELSE lantoa.period_number(q.period, q.calendar, d.day) END AS own
		FROM asked q, (SELECT DISTINCT day FROM standing) d LEFT JOIN buckets b ON b.first <= d.day AND d.day < b.next),
	placed AS ( -- flows count where they happened; levels where their office stands at the end
		SELECT CASE WHEN per = 'hour' THEN left(s.period, 13) ELSE d.bucket END AS bucket, s.office, s.labels, s.day AS on_day,
			s.value
		FROM asked q, standing s JOIN of_day d USING (day)
		WHERE q.time_agg <> 'last' AND (per = 'hour' OR d.bucket IS NOT NULL)
		UNION ALL (
		SELECT DISTINCT ON (b.n, s.office, s.labels) b.text, s.office, s.labels, b.next - 1, s.value
		FROM asked q, standing s JOIN of_day d USING (day) JOIN buckets b ON s.day < b.next AND d.own >= b.good_from
		WHERE q.time_agg = 'last'
		ORDER BY b.n, s.office, s.labels, s.day DESC, s.period DESC)),
	days AS MATERIALIZED (SELECT on_day, lantoa.unit_edge(of_province, on_day) AS edge FROM (SELECT DISTINCT on_day FROM placed) d),
	wheres AS MATERIALIZED ( -- once for each office and edge, not for each figure
		SELECT w.office, w.edge, u.code, u.name, u.valid_from, own.id IS NOT NULL AS somewhere
		FROM (SELECT DISTINCT p.office, d.edge FROM placed p JOIN days d USING (on_day)) w CROSS JOIN asked q
		LEFT JOIN LATERAL lantoa.unit_on(of_province, w.office, w.edge, NULL, q.at) own ON true
		LEFT JOIN LATERAL lantoa.unit_on(of_province, w.office, w.edge, of_level, q.at) u
			ON of_level IS NOT NULL AND of_level <> 'office'),
	series AS (
		SELECT p.bucket, p.office, p.labels, w.code, w.name, w.valid_from, count(*) AS n, sum(p.value) AS sum,
			min(p.value) AS min, max(p.value) AS max
		FROM placed p JOIN days d USING (on_day) JOIN wheres w ON w.office = p.office AND w.edge = d.edge AND w.somewhere
		GROUP BY 1, 2, 3, 4, 5, 6),
	timed AS (
		SELECT s.bucket, s.office, s.code, s.name, s.valid_from, s.n AS observations,
			CASE q.time_agg WHEN 'min' THEN s.min WHEN 'max' THEN s.max ELSE s.sum END AS top,
			CASE q.time_agg WHEN 'mean' THEN s.n::numeric ELSE 1 END AS bottom
		FROM series s CROSS JOIN asked q),
	of_office AS ( -- fractions only where there are means: they take twenty times as long
		SELECT t.bucket, t.office, t.code, t.name, t.valid_from, sum(t.observations) AS observations, count(*) AS n,
			sum(t.top) AS sum, min(t.top) AS min, max(t.top) AS max,
			lantoa.fraction_sum(t.top, t.bottom) FILTER (WHERE q.exact) AS s,
			lantoa.fraction_min(t.top, t.bottom) FILTER (WHERE q.exact) AS low,
			lantoa.fraction_max(t.top, t.bottom) FILTER (WHERE q.exact) AS high
		FROM timed t CROSS JOIN asked q GROUP BY 1, 2, 3, 4, 5),
	one AS (
		SELECT o.bucket, o.office, o.observations, o.code, o.name, o.valid_from,
			CASE WHEN q.exact THEN CASE q.area_agg WHEN 'min' THEN o.low[1] WHEN 'max' THEN o.high[1] ELSE o.s[1] END
				ELSE CASE q.area_agg WHEN 'min' THEN o.min WHEN 'max' THEN o.max ELSE o.sum END END AS top,
			CASE WHEN q.exact THEN CASE q.area_agg WHEN 'min' THEN o.low[2] WHEN 'max' THEN o.high[2]
				WHEN 'mean' THEN o.s[2] * o.n ELSE o.s[2] END ELSE 1 END AS bottom
		FROM of_office o CROSS JOIN asked q),
	areas AS (
		SELECT o.bucket, CASE of_level WHEN 'office' THEN o.office ELSE o.code END AS area, o.name, o.valid_from,
			sum(o.observations) AS observations, count(*) AS n, sum(o.top) AS sum, min(o.top) AS min, max(o.top) AS max,
			lantoa.fraction_sum(o.top, o.bottom) FILTER (WHERE q.exact) AS s,
			lantoa.fraction_min(o.top, o.bottom) FILTER (WHERE q.exact) AS low,
			lantoa.fraction_max(o.top, o.bottom) FILTER (WHERE q.exact) AS high
		FROM one o CROSS JOIN asked q GROUP BY 1, 2, 3, 4)
	SELECT a.bucket, a.area, a.name, a.valid_from,
		CASE WHEN q.exact THEN lantoa.fraction_round(CASE q.area_agg WHEN 'min' THEN a.low WHEN 'max' THEN a.high
			WHEN 'mean' THEN ARRAY[a.s[1], a.s[2] * a.n] ELSE a.s END, q.decimals + 4)
		ELSE round(CASE q.area_agg WHEN 'min' THEN a.min WHEN 'max' THEN a.max ELSE a.sum END, q.decimals) END,
		a.n, a.observations::bigint
	FROM areas a CROSS JOIN asked q ORDER BY 1, 2 $$;

-- Who was due and who reported of a metric (rule 5.5): pairs of an office and an own period, by bucket of grain per. What is
-- carried or excused stands in not_reported: `lantoa completeness` tells it apart.
CREATE OR REPLACE FUNCTION lantoa.completeness(of_province text, of_metric text, per text, first_day date, last_day date,
	known bigint DEFAULT NULL, until timestamptz DEFAULT now())
RETURNS TABLE(period text, due bigint, reported bigint, not_reported bigint, extra bigint) LANGUAGE sql STABLE AS $$
	WITH asked AS (
		SELECT m.*, coalesce(known, lantoa.here(of_province)) AS at
		FROM lantoa.catalogue_at(of_province, coalesce(known, lantoa.here(of_province))) m
		WHERE m.name = of_metric AND m.period NOT IN ('hour', 'minute')),
	buckets AS (
		SELECT n, lantoa.period_first_day(per, q.calendar, n) AS first, lantoa.period_first_day(per, q.calendar, n + 1) AS next
		FROM asked q, generate_series(lantoa.period_number(per, q.calendar, first_day),
			lantoa.period_number(per, q.calendar, last_day)) n),
	owned AS (
		SELECT b.n, lantoa.period_first_day(q.period, q.calendar, o) AS first,
			lantoa.period_first_day(q.period, q.calendar, o + 1) AS next
		FROM asked q, buckets b, generate_series(lantoa.period_number(q.period, q.calendar, b.first),
			lantoa.period_number(q.period, q.calendar, b.next - 1)) o),
	edged AS MATERIALIZED (SELECT *, lantoa.unit_edge(of_province, first) AS edge FROM owned),
	standing AS MATERIALIZED ( -- whether an office stands on the level that is due, between days on which that may change
		SELECT o.code, e.edge, EXISTS (SELECT FROM lantoa.unit_on(of_province, o.code, e.edge, NULL, q.at) u
			WHERE u.level = q.level) AS on_level
		FROM asked q, (SELECT DISTINCT edge FROM edged) e, lantoa.office o
		WHERE o.province = of_province AND o.known_from <= q.at AND (o.known_to IS NULL OR q.at < o.known_to)),
	there AS MATERIALIZED (
		SELECT DISTINCT f.office, f.day FROM asked q, lantoa.figure f
		WHERE f.province = of_province AND f.metric = of_metric AND f.calendar = q.calendar
			AND f.day >= (SELECT min(first) FROM owned) AND f.day <= (SELECT max(first) FROM owned)
			AND lantoa.grain_of(f.period) = q.period
			AND f.known_from <= q.at AND (f.known_to IS NULL OR q.at < f.known_to) AND f.value IS NOT NULL),
	pairs AS (
		SELECT n, bool_or(is_due) AS is_due, bool_or(is_reported) AS is_reported
		FROM (SELECT p.n, s.code, p.first, p.next <= (until AT TIME ZONE 'Asia/Ho_Chi_Minh')::date AND s.on_level AS is_due,
				false AS is_reported
			FROM edged p JOIN standing s ON s.edge IS NOT DISTINCT FROM p.edge
			UNION ALL
			SELECT p.n, t.office, p.first, false, true FROM owned p JOIN there t ON t.day = p.first) x
		GROUP BY n, code, first)
	SELECT lantoa.period_text(per, b.n), count(*) FILTER (WHERE is_due), count(*) FILTER (WHERE is_due AND is_reported),
		count(*) FILTER (WHERE is_due AND NOT is_reported), count(*) FILTER (WHERE is_reported AND NOT is_due)
	FROM buckets b LEFT JOIN pairs p ON p.n = b.n GROUP BY b.n ORDER BY b.n $$;
