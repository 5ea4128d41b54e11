-- The tables of the sample's plugin: one of everything that copies of databases get wrong.
-- Run as root after WordPress was filled; {{prefix}}, {{url}}, {{json_url}} (with escaped slashes) and {{rows}} are filled in.

SET NAMES utf8mb4;
SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', SESSION time_zone = '+00:00', SESSION foreign_key_checks = 1;

CREATE TABLE `{{prefix}}shop_orders` (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  customer varchar(190) NOT NULL COMMENT 'It''s the buyer; \\ "quoted"',
  net decimal(20, 6) NOT NULL DEFAULT 0.000000,
  gross decimal(20, 6) GENERATED ALWAYS AS (net * 1.19) STORED,
  label varchar(255) GENERATED ALWAYS AS (concat('#', id, ' ', customer)) VIRTUAL,
  status enum('new', 'paid', 'it''s odd', 'größer') NOT NULL DEFAULT 'new',
  flags set('gift', 'express', 'pick-up') DEFAULT NULL,
  link varchar(255) NOT NULL DEFAULT '',
  note mediumtext DEFAULT NULL,
  placed_at datetime NOT NULL DEFAULT '0000-00-00 00:00:00',
  changed_at timestamp(3) NOT NULL DEFAULT current_timestamp(3) ON UPDATE current_timestamp(3),
  PRIMARY KEY (id),
  KEY status_placed (status, placed_at),
  KEY customer (customer(20))
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci COMMENT = 'Orders of {{url}}/';
INSERT INTO `{{prefix}}shop_orders` (id, customer, net, status, flags, link, note, placed_at) VALUES
  (1, 'Ada Lovelace', 19.990000, 'paid', 'gift,express', '{{url}}/shop/?order=1', NULL, '2024-05-01 12:00:00'),
  (2, 'Grüße 日本語 🙂', 0.000001, 'größer', '', '{{url}}', 'Line 1\nLine 2\r\n\tTabbed \\ "quoted" ''it''', '0000-00-00 00:00:00'),
  (7, 'O''Brien; DROP', 99999999999999.999999, 'it''s odd', NULL, '', '{{url}}/a {{url}}/b', '2024-02-29 23:59:59');
ALTER TABLE `{{prefix}}shop_orders` AUTO_INCREMENT = 1001;

CREATE TABLE `{{prefix}}shop_items` (
  order_id bigint unsigned NOT NULL,
  position smallint unsigned NOT NULL,
  sku varchar(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  amount int NOT NULL DEFAULT 1,
  PRIMARY KEY (order_id, position),
  CONSTRAINT `{{prefix}}shop_items_order` FOREIGN KEY (order_id) REFERENCES `{{prefix}}shop_orders` (id) ON DELETE CASCADE ON UPDATE CASCADE
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_items` VALUES (1, 1, 'TEA-1', 2), (1, 2, 'tea-1', -1), (2, 1, 'MUG', 1), (7, 1, 'POT', 2147483647);

CREATE TABLE `{{prefix}}shop_audit` (
  id int unsigned NOT NULL AUTO_INCREMENT,
  what varchar(100) NOT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

-- No key at all, and rows that are there more than once.
CREATE TABLE `{{prefix}}shop_visits` (page varchar(255) DEFAULT NULL, seconds int DEFAULT NULL) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_visits` VALUES
  ('{{url}}/', 3), ('{{url}}/', 3), ('{{url}}/', 3), ('/', NULL), ('/', NULL), (NULL, NULL), (NULL, NULL), ('', 0);

-- Unique keys only: one may be NULL, the other not.
CREATE TABLE `{{prefix}}shop_coupons` (
  code varchar(40) NOT NULL,
  campaign varchar(40) DEFAULT NULL,
  percent tinyint NOT NULL,
  UNIQUE KEY campaign (campaign),
  UNIQUE KEY code (code)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_coupons` VALUES ('SPRING', NULL, 10), ('SUMMER', NULL, -20), ('Größe', 'x', 127);

-- A binary key; every byte there is, NULs first and last, and nothing at all.
CREATE TABLE `{{prefix}}shop_blobs` (
  hash binary(16) NOT NULL,
  tiny varbinary(20) DEFAULT NULL,
  data longblob DEFAULT NULL,
  PRIMARY KEY (hash)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_blobs`
  SELECT unhex(md5('all')), unhex('00FF0A0D5C272200'), unhex(group_concat(lpad(hex(seq), 2, '0') ORDER BY seq SEPARATOR '')) FROM seq_0_to_255;
INSERT INTO `{{prefix}}shop_blobs` VALUES
  (unhex('00000000000000000000000000000000'), '', ''),
  (unhex('FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF'), NULL, NULL),
  (unhex(md5('invalid utf-8')), unhex('C328'), concat(unhex('F0288CBC'), '{{url}}/in-a-blob')),
  (unhex(md5('nul ends')), unhex('0000'), concat(unhex('00'), 'middle', unhex('00')));

CREATE TABLE `{{prefix}}shop_numbers` (
  id bigint unsigned NOT NULL,
  one bit(1) DEFAULT NULL,
  eight bit(8) DEFAULT NULL,
  many bit(64) DEFAULT NULL,
  f float DEFAULT NULL,
  d double DEFAULT NULL,
  exact decimal(65, 30) DEFAULT NULL,
  signed_big bigint DEFAULT NULL,
  filled int(6) unsigned zerofill DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_numbers` VALUES
  (18446744073709551615, b'1', b'11111111', b'1111111111111111111111111111111111111111111111111111111111111111', 3.4028234e38, 1.7976931348623157e308, 99999999999999999999999999999999999.999999999999999999999999999999, 9223372036854775807, 42),
  (9223372036854775808, b'0', b'00000000', b'0', 0.1, 0.1, -0.000000000000000000000000000001, -9223372036854775808, 0),
  (9007199254740993, b'1', b'01011010', b'101', 16777216, 2.2250738585072014e-308, 1, 9007199254740993, 999999),
  (1, NULL, NULL, NULL, -0.3333333, -1e-10, NULL, NULL, NULL),
  (0, NULL, b'1', NULL, 1.17549435e-38, 5e-324, 0, 0, NULL);

CREATE TABLE `{{prefix}}shop_times` (
  id int NOT NULL AUTO_INCREMENT,
  moment datetime(6) DEFAULT NULL,
  day date DEFAULT NULL,
  duration time(3) DEFAULT NULL,
  stamp timestamp NULL DEFAULT NULL,
  in_year year DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_times` VALUES
  (1, '0000-00-00 00:00:00.000000', '0000-00-00', '00:00:00.000', '0000-00-00 00:00:00', 0000),
  (2, '9999-12-31 23:59:59.999999', '2024-00-00', '-838:59:59.000', '2038-01-19 03:14:07', 2155),
  (3, '1000-01-01 00:00:00.000001', '2024-02-29', '838:59:58.999', '1970-01-01 00:00:01', 1901),
  (4, NULL, NULL, NULL, NULL, NULL);

CREATE TABLE `{{prefix}}shop_places` (
  id int NOT NULL AUTO_INCREMENT,
  location point NOT NULL,
  area geometry DEFAULT NULL,
  PRIMARY KEY (id),
  SPATIAL KEY location (location)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_places` VALUES
  (1, ST_GeomFromText('POINT(13.4 52.5)'), NULL),
  (2, ST_GeomFromText('POINT(-0.1 51.5)', 4326), ST_GeomFromText('POLYGON((0 0, 10 0, 10 10, 0 10, 0 0), (2 2, 4 2, 4 4, 2 2))')),
  (3, ST_GeomFromText('POINT(0 0)'), ST_GeomFromText('GEOMETRYCOLLECTION(POINT(1 1), LINESTRING(0 0, 1 1))'));

CREATE TABLE `{{prefix}}shop_settings` (
  name varchar(64) NOT NULL,
  value json DEFAULT NULL,
  home varchar(255) GENERATED ALWAYS AS (json_value(value, '$.home')) VIRTUAL,
  `key` varchar(10) DEFAULT NULL,
  `order` int DEFAULT NULL,
  `back``tick größe` varchar(10) DEFAULT 'a''b',
  secret varchar(20) INVISIBLE DEFAULT 'unseen',
  PRIMARY KEY (name)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_settings` (name, value, `key`, `order`, `back``tick größe`, secret) VALUES
  ('address', '{"home":"{{json_url}}\\/","list":[],"object":{},"big":12345678901234567890,"float":1.0}', 'k', 1, 'x', 'kept'),
  ('plain', '{"home": "{{url}}/shop/", "emoji": "🙂", "escaped": "\\u00fc\\u002d"}', NULL, NULL, NULL, DEFAULT),
  ('nothing', NULL, NULL, NULL, '', 'also kept');

-- Old tables: Latin-1 text, UTF-8 bytes in a Latin-1 column, a Cyrillic and a three-byte column.
CREATE TABLE `{{prefix}}shop_legacy` (
  id mediumint unsigned NOT NULL AUTO_INCREMENT,
  text_latin text DEFAULT NULL,
  mojibake varchar(100) DEFAULT NULL,
  cyrillic varchar(100) CHARACTER SET cp1251 DEFAULT NULL,
  three_bytes varchar(100) CHARACTER SET utf8mb3 COLLATE utf8mb3_bin DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARSET = latin1 COLLATE = latin1_german2_ci;
INSERT INTO `{{prefix}}shop_legacy` VALUES
  (1, 'Größe: 10 €, {{url}}/größe/', _binary 'Größe', 'Привет, мир', '日本語 {{url}}'),
  (2, x'80818D8F909DA0FF', '', NULL, NULL);

CREATE TABLE `{{prefix}}shop_search` (
  lang char(2) NOT NULL DEFAULT 'de',
  slug varchar(200) NOT NULL,
  words text NOT NULL,
  PRIMARY KEY (lang, slug(100)),
  FULLTEXT KEY words (words)
) ENGINE = MyISAM DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_search` VALUES
  ('de', 'tee', 'Tee aus {{url}}/tee/'), ('de', 'TASSE', 'Größe'), ('en', 'tee', 'Shirts'), ('en', ' leading', 'trailing ');

-- The row with the number 0 turns into the next number where a copy does not take care.
CREATE TABLE `{{prefix}}shop_zones` (id int NOT NULL AUTO_INCREMENT, name varchar(50) NOT NULL, PRIMARY KEY (id)) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_zones` VALUES (0, 'Everywhere else'), (1, 'Europe'), (-1, 'Nowhere');

CREATE TABLE `{{prefix}}shop_exports` (id int NOT NULL AUTO_INCREMENT, body longtext NOT NULL, PRIMARY KEY (id)) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_exports` (id, body) VALUES
  (1, repeat('<a href="{{url}}/product/größe/">Größe</a>\n', 20000 * {{export_mb}})),
  (2, concat('{"items":[', repeat('"{{json_url}}\\/product\\/",', 17000 * {{export_mb}}), 'null]}')),
  (3, repeat('no address in here, only text. ', 33000 * {{export_mb}})),
  (4, 'small');

CREATE TABLE `{{prefix}}shop_empty` (id int NOT NULL AUTO_INCREMENT, PRIMARY KEY (id)) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;

CREATE TABLE `{{prefix}}shop_log` (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  level varchar(10) NOT NULL,
  message text NOT NULL,
  context longtext DEFAULT NULL,
  logged_at datetime NOT NULL,
  PRIMARY KEY (id),
  KEY level (level)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO `{{prefix}}shop_log` (id, level, message, context, logged_at)
  SELECT seq, elt(1 + seq % 3, 'info', 'warning', 'error'),
    concat('Entry ', seq, ' ', sha1(seq), if(seq % 10 = 0, ' see {{url}}/log/', ''), if(seq % 10 = 0, seq, '')),
    if(seq % 25 = 0, concat('a:1:{s:4:"link";s:', length(concat('{{url}}/log/', seq)), ':"{{url}}/log/', seq, '";}'), NULL),
    '2024-01-01 00:00:00' + INTERVAL seq MINUTE
  FROM seq_1_to_{{rows}};

-- What Action Scheduler keeps; a clone must not run it.
CREATE TABLE `{{prefix}}actionscheduler_actions` (
  action_id bigint unsigned NOT NULL AUTO_INCREMENT,
  hook varchar(191) NOT NULL,
  status varchar(20) NOT NULL,
  scheduled_date_gmt datetime DEFAULT '0000-00-00 00:00:00',
  args varchar(191) DEFAULT NULL,
  PRIMARY KEY (action_id),
  KEY hook_status (hook(100), status)
) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4 COLLATE = utf8mb4_unicode_520_ci;
INSERT INTO `{{prefix}}actionscheduler_actions` VALUES
  (1, 'sample_shop_renew_subscription', 'pending', '2020-01-01 00:00:00', '[1]'), (2, 'sample_shop_send_mail', 'complete', '0000-00-00 00:00:00', '{"url":"{{json_url}}\\/"}');

CREATE TRIGGER `{{prefix}}shop_orders_placed` AFTER INSERT ON `{{prefix}}shop_orders` FOR EACH ROW INSERT INTO `{{prefix}}shop_audit` (what) VALUES (concat('placed ', NEW.id));
CREATE TRIGGER `{{prefix}}shop_orders_changed` BEFORE UPDATE ON `{{prefix}}shop_orders` FOR EACH ROW SET NEW.note = trim(NEW.note);
-- The first view is younger in the alphabet than the one it reads.
CREATE VIEW `{{prefix}}shop_totals` AS SELECT status, sum(gross) AS gross, concat('{{url}}/shop/?status=', status) AS link FROM `{{prefix}}shop_orders` GROUP BY status;
CREATE VIEW `{{prefix}}shop_best` AS SELECT status, gross FROM `{{prefix}}shop_totals` WHERE gross > 1;

-- Another application, and a WordPress whose prefix begins like ours: neither belongs to this site.
CREATE TABLE otherapp_invoices (id int NOT NULL AUTO_INCREMENT, iban varchar(34) NOT NULL, PRIMARY KEY (id)) ENGINE = InnoDB DEFAULT CHARSET = utf8mb4;
INSERT INTO otherapp_invoices VALUES (1, 'DE02120300000000202051');
{{old_tables}}
UPDATE `{{prefix}}old_options` SET option_value = 'https://old.example' WHERE option_name IN ('siteurl', 'home');
UPDATE `{{prefix}}old_options` SET option_name = '{{prefix}}old_user_roles' WHERE option_name = '{{prefix}}user_roles';
UPDATE `{{prefix}}old_usermeta` SET meta_key = replace(meta_key, '{{prefix}}', '{{prefix}}old_') WHERE meta_key LIKE '{{prefix}}%';
