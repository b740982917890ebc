/** Why a name is on no list, by pattern. A pattern is a promise about all names that it fits. */
export type Reasons = readonly (readonly [pattern: RegExp, reason: string])[];

const words = (list: string): RegExp => new RegExp(`^(?:${list.trim().split(/\s+/).join('|')})$`);

/**
 * Functions of `pg_catalog` that no statement may call. Functions that types, operators, indexes,
 * aggregates and languages are made of are told by the catalog itself, and are denied as such.
 */
export const DENIED_FUNCTIONS: Reasons = [
  [/^pg_(?:read_(?:binary_)?file(?:_old)?|ls_\w+|stat_file)$/, 'reads files'],
  [words('lo_\\w+ loread lowrite'), 'reads or writes large objects'],
  [
    words(
      'pg_current_logfile pg_rotate_logfile(?:_old)? pg_hba_file_rules pg_ident_file_mappings pg_show_all_file_settings pg_relation_file(?:node|path) pg_filenode_relation pg_tablespace_(?:location|databases)',
    ),
    'tells of files',
  ],
  [
    words(
      'set_config current_setting setseed pg_show_all_settings pg_settings_get_flags current_schemas pg_conf_load_time',
    ),
    'reads or changes settings',
  ],
  [
    words(
      'nextval setval currval lastval pg_sequence_(?:last_value|parameters) pg_get_(?:sequence_data|serial_sequence)',
    ),
    'reads or counts on a sequence',
  ],
  [
    /^(?:query|cursor|table|schema|database)_to_xml(?:schema|_and_xmlschema)?$/,
    'runs text as SQL, or reads any table',
  ],
  [words('ts_stat'), 'runs text as SQL'],
  [/^x(?:ml|path)\w*$/, 'hands text to an XML parser'],
  [/^pg_sleep(?:_for|_until)?$/, 'waits'],
  [/^pg_(?:try_)?advisory_\w+$/, 'takes a lock'],
  [
    words(
      'pg_blocking_pids pg_safe_snapshot_blocking_pids pg_isolation_test_session_is_blocked pg_lock_status',
    ),
    'watches locks of others',
  ],
  [
    words(
      'pg_(?:cancel|terminate)_backend pg_reload_conf pg_log_\\w+ pg_promote pg_backup_st(?:art|op) pg_create_restore_point pg_stop_making_pinned_objects pg_import_system_collations',
    ),
    'controls the server',
  ],
  [
    /^pg_(?:\w+_)?(?:wal|walfile|lsn|slots?|replication|logical|publication)(?:_\w+)?$/,
    'belongs to WAL and replication',
  ],
  [
    words(
      'pg_relation_is_publishable pg_is_in_recovery pg_split_walfile_name pg_last_xact_replay_timestamp',
    ),
    'belongs to WAL and replication',
  ],
  [/^pg_(?:stat|restore|clear)_\w+$/, 'reads or changes statistics: they hold values of tables'],
  [words('pg_mcv_list_items'), 'reads statistics: they hold values of tables'],
  [/^has_\w+_privilege$/, 'looks up privileges'],
  [
    words('pg_has_role row_security_active acldefault aclexplode makeaclitem'),
    'looks up privileges',
  ],
  [/^to_reg\w+$/, 'looks up names in the catalog'],
  [
    words('regclass pg_nextoid pg_my_temp_schema pg_is_other_temp_schema'),
    'looks up names in the catalog',
  ],
  [/^pg_\w+_is_visible$/, 'looks up names in the catalog'],
  [/^pg_get_\w+$/, 'reads the catalog, or the state of the server'],
  [
    words(
      '(?:col|obj|shobj)_description format_type oidvectortypes pg_describe_object pg_identify_object(?:_as_address)? pg_index\\w*_has_property pg_indexam_progress_phasename pg_partition_\\w+ pg_(?:column|relation)_is_updatable pg_options_to_table pg_basetype getpgusername satisfies_hash_partition pg_column_(?:compression|toast_chunk_id)',
    ),
    'reads the catalog',
  ],
  [
    /^pg_(?:database|tablespace|relation|table|indexes|total_relation)_size$/,
    'reads sizes of relations',
  ],
  [
    words('get_current_ts_config ts_debug ts_lexize ts_parse ts_token_type'),
    'reads the configuration of text search',
  ],
  [/^(?:txid|pg_snapshot|pg_xact)_\w+$/, 'tells of transactions, or burns one'],
  [
    words(
      'pg_current_(?:snapshot|xact_id|xact_id_if_assigned) pg_export_snapshot pg_last_committed_xact pg_visible_in_snapshot mxid_age',
    ),
    'tells of transactions, or burns one',
  ],
  [/^binary_upgrade_\w+$/, 'is for pg_upgrade'],
  [/^RI_FKey_\w+$/, 'is a trigger'],
  [
    words(
      'suppress_redundant_updates_trigger tsvector_update_trigger(?:_column)? unique_key_recheck',
    ),
    'is a trigger',
  ],
  [/^pg_event_trigger_\w+$/, 'is for event triggers'],
  [words('brin_\\w+ gin_clean_pending_list'), 'changes an index'],
  [
    words(
      'inet_(?:client|server)_(?:addr|port) pg_backend_pid pg_postmaster_start_time pg_jit_available pg_numa_available pg_config pg_control_\\w+ pg_available_\\w+ pg_extension_\\w+ pg_listening_channels pg_notification_queue_usage pg_trigger_depth pg_cursor pg_prepared_\\w+ pg_timezone_\\w+ icu_unicode_version unicode_version pg_\\w*collation_actual_version getdatabaseencoding pg_client_encoding current_query system_user session_user current_user',
    ),
    'tells of the server or the session',
  ],
  [words('pg_notify'), 'notifies others'],
  [
    words('pg_input_is_valid pg_input_error_info'),
    'takes the name of any type, and runs its input',
  ],
  [words('pg_typeof'), 'gives a regtype, and whatever is compared with that is looked up'],
  [words('jsonb?_populate_record(?:set|_valid)?'), 'runs the input of any type'],
  [words('pg_(?:char_to_encoding|encoding_to_char|encoding_max_length)'), 'is for clients'],
  [
    words(
      'bit bool bpchar bytea cidr float4 float8 int2 int4 int8 interval macaddr macaddr8 money name numeric oid text time timestamp timestamptz timetz varbit varchar char xid pg_lsn',
    ),
    'is a cast, which CAST writes',
  ],
  [
    words(
      'd(?:ispell|simple|snowball|synonym)_(?:init|lexize) thesaurus_(?:init|lexize) prsd_\\w+',
    ),
    'is a part of text search',
  ],
  [
    words(
      'amvalidate (?:brin|bt|gin|gist|hash|spg|heap_tableam_)_?handler bernoulli system postgresql_fdw_validator',
    ),
    'is a handler',
  ],
  [words('g(?:in|ts)\\w+'), 'is a part of indexes'],
  [
    words(
      'hashvarlena(?:extended)? currtid2 textlen d(?:exp|log1|log10|round|trunc) numeric_(?:exp|inc|ln|log|sqrt) numeric_div_trunc int4inc int8_sum nameconcatoid cash_words similar_escape enum_(?:in|out|recv|send) shell_(?:in|out) int4range_\\w+ int8range_\\w+ (?:date|num|ts|tstz)range_\\w+ ishorizontal isvertical isparallel isperp',
    ),
    'is an older or an inner form of another',
  ],
];

/** Nodes of the grammar that no statement may hold. */
export const DENIED_NODES: Reasons = [
  [words('(?:Insert|Update|Delete|Merge|Copy|Truncate)Stmt'), 'writes'],
  [
    words(
      '(?:Create|Alter|Drop)\\w*Stmt (?:Define|Index|Rule|View|Rename|Comment|SecLabel|CompositeType|ImportForeignSchema|RefreshMatView|ReassignOwned|ReplicaIdentity)Stmt',
    ),
    'defines',
  ],
  [words('(?:Grant|GrantRole)Stmt'), 'grants'],
  [words('(?:Transaction|ConstraintsSet)Stmt'), 'ends or changes the transaction'],
  [
    words(
      '(?:VariableSet|VariableShow|Discard|Load|Listen|Unlisten|Notify|Prepare|Execute|Deallocate|DeclareCursor|Fetch|ClosePortal)Stmt',
    ),
    'changes or reads the session',
  ],
  [words('(?:Vacuum|Cluster|Reindex|CheckPoint|Lock)Stmt'), 'maintains or locks'],
  [words('(?:Do|Call|Return|PLAssign)Stmt InlineCodeBlock CallContext'), 'runs code'],
  [words('ExplainStmt'), 'is a tool of its own'],
  [
    words(
      'Create\\w*Item IntoClause AlterTableCmd ATAlterConstraint Constraint ObjectWithArgs AccessPriv FunctionParameter VacuumRelation StatsElem IndexElem DefElem RoleSpec TableLikeClause Partition(?:Elem|Spec|BoundSpec|RangeDatum|Cmd) Publication(?:Table|ObjSpec) TriggerTransition',
    ),
    'is a part of a statement that is denied',
  ],
  [
    words(
      'MergeAction MergeWhenClause MergeSupportFunc InferClause InferenceElem OnConflict(?:Clause|Expr) Returning(?:Clause|Expr|Option) MultiAssignRef SetToDefault CurrentOfExpr',
    ),
    'is a part of a write',
  ],
  [words('LockingClause RowMarkClause'), 'locks rows'],
  [
    words('XmlExpr XmlSerialize RangeTableFunc RangeTableFuncCol TableFunc'),
    'hands text to an XML parser',
  ],
  [
    words('ParseResult ScanResult ScanToken SummaryResult Table Function FilterColumn RawStmt'),
    'is what the parser wraps its answers in',
  ],
  [
    words(
      'OidList IntList Query TargetEntry FromExpr RangeTbl(?:Ref|Entry|Function) RTEPermissionInfo TableSampleClause WithCheckOption SortGroupClause WindowClause SetOperationStmt Var Param Aggref WindowFunc\\w* SubscriptingRef FuncExpr OpExpr DistinctExpr NullIfExpr ScalarArrayOpExpr SubPlan AlternativeSubPlan Field(?:Select|Store) RelabelType CoerceViaIO ArrayCoerceExpr ConvertRowtypeExpr CollateExpr CaseTestExpr ArrayExpr RowCompareExpr CoerceToDomain(?:Value)? NextValueExpr Json(?:ConstructorExpr|Expr|TablePath|TablePathScan|TableSiblingJoin)',
    ),
    'belongs to trees that the server has analysed',
  ],
];

/** Fields of allowed nodes that have to be empty. */
export const CLOSED_FIELDS: Reasons = [
  [/\.xpr$/, 'belongs to trees that the server has analysed'],
  [
    words(
      'CaseExpr.case(?:type|collid) CoalesceExpr.coalesce(?:type|collid) MinMaxExpr.(?:minmaxtype|minmaxcollid|inputcollid) NullTest.argisrow RowExpr.(?:row_typeid|colnames) SQLValueFunction.type SubLink.subLinkId TypeName.typeOid GroupingFunc.(?:refs|agglevelsup) JoinExpr.rtindex CommonTableExpr.cte(?:recursive|refcount|col\\w+) CTECycleClause.cycle_mark_(?:type|typmod|collation|neop) JsonBehavior.coerce JsonFuncExpr.column_name JsonReturning.typid JsonValueExpr.formatted_expr ColumnDef.(?:collOid|cooked_default|storage|inhcount|is_from_type|is_not_null)',
    ),
    'belongs to trees that the server has analysed',
  ],
  [
    words(
      'ColumnDef.(?:compression|storage_name|raw_default|identity|identitySequence|generated|constraints|fdwoptions)',
    ),
    'is for CREATE TABLE',
  ],
  [words('SelectStmt.intoClause ResTarget.indirection'), 'writes'],
  [words('SelectStmt.lockingClause'), 'locks rows'],
  [words('RangeVar.catalogname'), 'names another database'],
  [words('SortBy.useOp'), 'names an operator of any schema'],
  [words('TypeName.(?:setof|pct_type)'), 'is for functions'],
];

/** Values of fields that no statement may have. */
export const CLOSED_VALUES: Reasons = [
  [
    words('FuncCall.COERCE_(?:EXPLICIT|IMPLICIT)_CAST RowExpr.COERCE_(?:EXPLICIT_CAST|SQL_SYNTAX)'),
    'belongs to trees that the server has analysed',
  ],
  [
    words('JoinExpr.JOIN_(?:SEMI|ANTI|RIGHT_SEMI|RIGHT_ANTI|UNIQUE_OUTER|UNIQUE_INNER)'),
    'belongs to trees that the server has analysed',
  ],
  [
    words(
      'SubLink.(?:ROWCOMPARE|MULTIEXPR|CTE)_SUBLINK JsonFuncExpr.JSON_TABLE_OP JsonFormat.JS_FORMAT_JSONB',
    ),
    'belongs to trees that the server has analysed',
  ],
  [words('SortBy.SORTBY_USING'), 'names an operator of any schema'],
];

/** Types of `pg_catalog` that no statement may name. */
export const DENIED_TYPES: Reasons = [
  [/^reg\w+$/, 'looks names up in the catalog'],
  [/^any\w*$/, 'is no type of a value'],
  [
    words(
      '_?record void trigger event_trigger language_handler internal fdw_handler index_am_handler table_am_handler tsm_handler unknown cstring pg_ddl_command',
    ),
    'is no type of a value',
  ],
  [words('xml'), 'hands text to an XML parser'],
  [words('refcursor'), 'names a cursor'],
  [
    words(
      'xid xid8 cid tid pg_lsn pg_snapshot txid_snapshot oidvector int2vector aclitem gtsvector pg_node_tree pg_ndistinct pg_dependencies pg_mcv_list pg_brin_\\w+',
    ),
    'is for the server itself',
  ],
];
