/**
 * Functions of `pg_catalog` that a statement may call, by chapter of the manual.
 *
 * Each computes its result from its arguments alone, or from the clock, a random source, or the name
 * of who asks. None reads a table, a file or a setting, runs text as SQL, takes a lock, counts a
 * sequence on, or reaches out of the database. Whether a function is VOLATILE says nothing about that:
 * `database_to_xml` is not, and hands out everything.
 *
 * A new function is denied until it stands here; a test goes through `pg_proc` and asks for a reason.
 */
const CHAPTERS = {
  'Comparison Functions': 'num_nonnulls num_nulls',
  'Mathematical Functions': `
    abs cbrt ceil ceiling degrees div erf erfc exp factorial floor gamma gcd lcm lgamma ln log log10
    min_scale mod pi pow power radians random random_normal round scale sign sqrt trim_scale trunc
    width_bucket
    acos acosd asin asind atan atand atan2 atan2d cos cosd cot cotd sin sind tan tand
    acosh asinh atanh cosh sinh tanh`,
  'String Functions': `
    ascii bit_length btrim casefold char_length character_length chr concat concat_ws format initcap
    is_normalized left length lower lpad ltrim md5 normalize octet_length overlay parse_ident position
    quote_ident quote_literal quote_nullable repeat replace reverse right rpad rtrim split_part
    starts_with string_to_array string_to_table strpos substr substring to_ascii to_bin to_hex to_oct
    translate unicode_assigned unistr upper`,
  'Binary String Functions': `
    bit_count convert convert_from convert_to crc32 crc32c decode encode get_bit get_byte set_bit
    set_byte sha224 sha256 sha384 sha512`,
  'Pattern Matching': `
    like like_escape notlike regexp_count regexp_instr regexp_like regexp_match regexp_matches
    regexp_replace regexp_split_to_array regexp_split_to_table regexp_substr similar_to_escape`,
  'Data Type Formatting Functions': 'to_char to_date to_number to_timestamp',
  'Date/Time Functions': `
    age clock_timestamp date date_add date_bin date_part date_subtract date_trunc extract isfinite
    justify_days justify_hours justify_interval make_date make_interval make_time make_timestamp
    make_timestamptz now overlaps statement_timestamp timeofday timezone transaction_timestamp`,
  'Enum Support Functions': 'enum_first enum_last enum_range',
  'Geometric Functions': `
    area bound_box box center circle diagonal diameter height isclosed isopen line lseg npoints path
    pclose point polygon popen radius slope width`,
  'Network Address Functions': `
    abbrev broadcast family host hostmask inet_merge inet_same_family macaddr8_set7bit masklen netmask
    network set_masklen`,
  'Text Search Functions': `
    array_to_tsvector json_to_tsvector jsonb_to_tsvector numnode phraseto_tsquery plainto_tsquery
    querytree setweight strip to_tsquery to_tsvector ts_delete ts_filter ts_headline ts_rank
    ts_rank_cd ts_rewrite tsquery_phrase tsvector_to_array websearch_to_tsquery`,
  'UUID Functions': 'gen_random_uuid uuid_extract_timestamp uuid_extract_version uuidv4 uuidv7',
  'JSON Functions': `
    array_to_json json_array_elements json_array_elements_text json_array_length json_build_array
    json_build_object json_each json_each_text json_extract_path json_extract_path_text json_object
    json_object_keys json_strip_nulls json_to_record json_to_recordset json_typeof jsonb_array_elements
    jsonb_array_elements_text jsonb_array_length jsonb_build_array jsonb_build_object jsonb_each
    jsonb_each_text jsonb_extract_path jsonb_extract_path_text jsonb_insert jsonb_object
    jsonb_object_keys jsonb_path_exists jsonb_path_exists_tz jsonb_path_match jsonb_path_match_tz
    jsonb_path_query jsonb_path_query_array jsonb_path_query_array_tz jsonb_path_query_first
    jsonb_path_query_first_tz jsonb_path_query_tz jsonb_pretty jsonb_set jsonb_set_lax jsonb_strip_nulls
    jsonb_to_record jsonb_to_recordset jsonb_typeof row_to_json to_json to_jsonb`,
  'Array Functions': `
    array_append array_cat array_dims array_fill array_length array_lower array_ndims array_position
    array_positions array_prepend array_remove array_replace array_reverse array_sample array_shuffle
    array_sort array_to_string array_upper cardinality trim_array unnest`,
  'Range Functions': `
    daterange datemultirange int4multirange int4range int8multirange int8range isempty lower_inc
    lower_inf multirange nummultirange numrange range_merge tsmultirange tsrange tstzmultirange
    tstzrange upper_inc upper_inf`,
  'Aggregate Functions': `
    any_value array_agg avg bit_and bit_or bit_xor bool_and bool_or count every json_agg
    json_agg_strict json_object_agg json_object_agg_strict json_object_agg_unique
    json_object_agg_unique_strict jsonb_agg jsonb_agg_strict jsonb_object_agg jsonb_object_agg_strict
    jsonb_object_agg_unique jsonb_object_agg_unique_strict max min range_agg range_intersect_agg
    string_agg sum
    corr covar_pop covar_samp regr_avgx regr_avgy regr_count regr_intercept regr_r2 regr_slope
    regr_sxx regr_sxy regr_syy stddev stddev_pop stddev_samp var_pop var_samp variance
    mode percentile_cont percentile_disc`,
  'Window Functions': `
    cume_dist dense_rank first_value lag last_value lead nth_value ntile percent_rank rank row_number`,
  'Set Returning Functions': 'generate_series generate_subscripts',
  'System Information Functions': `
    current_database current_schema pg_collation_for pg_column_size version`,
  'System Administration Functions': 'pg_size_bytes pg_size_pretty',
} as const;

/** Names of all functions of `pg_catalog` that a statement may call. */
export const FUNCTIONS: ReadonlySet<string> = new Set(
  Object.values(CHAPTERS).flatMap((names) => names.trim().split(/\s+/)),
);

/**
 * Functions that do no harm where they are called as `x.name`, so that a column can have their name.
 * They are casts, and the input and output of types.
 */
export const HARMLESS_ATTRIBUTES: ReadonlySet<string> = new Set(
  `bit bool bpchar bytea cash_in cash_out cidr date_in date_out float4 float8 inet_in inet_out int2
   int4 int8 interval interval_out macaddr macaddr8 money name numeric oid path_in path_out point_in
   point_out system text time time_in time_out timestamp timestamp_out timestamptz timetz uuid_in
   uuid_out varbit varchar`
    .trim()
    .split(/\s+/),
);

/** How many arguments a name needs, where another form of it runs its text as SQL. */
export const ARGUMENTS: Readonly<Record<string, number>> = {
  // ts_rewrite(query, 'SELECT …') reads whatever the text says.
  ts_rewrite: 3,
};

/**
 * Functions that tell nothing but what they are given, where a view calls them. The author of a view
 * chose the setting that it asks for.
 */
export const TRANSPARENT: readonly string[] = [
  ...[...FUNCTIONS].filter((name) => ARGUMENTS[name] === undefined),
  'current_setting',
];
