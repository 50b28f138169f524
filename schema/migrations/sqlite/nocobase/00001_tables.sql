-- The tables of NocoBase 2.2.15 that a sync reads and writes, as it makes them
-- itself: for a database without a host.

-- +goose Up
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "createdAt" DATETIME,
    "updatedAt" DATETIME,
    nickname VARCHAR(255),
    username VARCHAR(255) UNIQUE,
    email VARCHAR(255) UNIQUE,
    phone VARCHAR(255) UNIQUE,
    password VARCHAR(255),
    "passwordChangeTz" BIGINT,
    "appLang" VARCHAR(255),
    "resetToken" VARCHAR(255) UNIQUE,
    "systemSettings" JSON DEFAULT '{}',
    sort BIGINT,
    "createdById" BIGINT,
    "updatedById" BIGINT,
    "mainDepartmentId" BIGINT
);
CREATE INDEX users_created_by_id ON users ("createdById");
CREATE INDEX users_updated_by_id ON users ("updatedById");
CREATE INDEX users_main_department_id ON users ("mainDepartmentId");

CREATE TABLE departments (
    id BIGINT PRIMARY KEY,
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    title VARCHAR(255),
    "isLeaf" TINYINT(1),
    "parentId" BIGINT,
    sort BIGINT,
    "createdById" BIGINT,
    "updatedById" BIGINT
);
CREATE INDEX departments_parent_id ON departments ("parentId");
CREATE INDEX departments_created_by_id ON departments ("createdById");
CREATE INDEX departments_updated_by_id ON departments ("updatedById");

CREATE TABLE main_departments_path (
    "nodePk" BIGINT,
    path VARCHAR(1024),
    "rootPk" BIGINT
);
CREATE INDEX main_departments_path_path ON main_departments_path (path);

CREATE TABLE "departmentsUsers" (
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    "departmentId" BIGINT NOT NULL,
    "userId" BIGINT NOT NULL,
    "isOwner" TINYINT(1) NOT NULL DEFAULT 0,
    "isMain" TINYINT(1) NOT NULL DEFAULT 0,
    PRIMARY KEY ("departmentId", "userId")
);
CREATE INDEX departments_users_user_id ON "departmentsUsers" ("userId");

CREATE TABLE roles (
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    name VARCHAR(255) PRIMARY KEY,
    title VARCHAR(255) UNIQUE,
    "default" TINYINT(1),
    hidden TINYINT(1) DEFAULT 0,
    description VARCHAR(255),
    strategy JSON,
    snippets JSON,
    sort BIGINT
);

CREATE TABLE "rolesUsers" (
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    "default" TINYINT(1),
    "roleName" VARCHAR(255) NOT NULL,
    "userId" BIGINT NOT NULL,
    PRIMARY KEY ("roleName", "userId")
);
CREATE INDEX roles_users_user_id ON "rolesUsers" ("userId");

CREATE TABLE "departmentsRoles" (
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    "departmentId" BIGINT NOT NULL,
    "roleName" VARCHAR(255) NOT NULL,
    PRIMARY KEY ("departmentId", "roleName")
);
CREATE INDEX departments_roles_role_name ON "departmentsRoles" ("roleName");

CREATE TABLE "userDataSyncRecords" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    "sourceName" VARCHAR(255) NOT NULL,
    "sourceUk" VARCHAR(255) NOT NULL,
    "dataType" VARCHAR(255) NOT NULL,
    "metaData" JSON,
    "lastMetaData" JSON
);

CREATE TABLE "userDataSyncRecordsResources" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    "recordId" BIGINT,
    resource VARCHAR(255) NOT NULL,
    "resourcePk" VARCHAR(255)
);
CREATE INDEX user_data_sync_records_resources_record_id ON "userDataSyncRecordsResources" ("recordId");

CREATE TABLE "userDataSyncSources" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    name VARCHAR(255) NOT NULL UNIQUE,
    "sourceType" VARCHAR(255) NOT NULL,
    "displayName" VARCHAR(255),
    enabled TINYINT(1) NOT NULL DEFAULT 0,
    options JSON NOT NULL DEFAULT '{}',
    sort BIGINT,
    "createdById" BIGINT,
    "updatedById" BIGINT
);

CREATE TABLE "userDataSyncTasks" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    "createdAt" DATETIME NOT NULL,
    "updatedAt" DATETIME NOT NULL,
    batch VARCHAR(255) NOT NULL UNIQUE,
    "sourceId" BIGINT,
    status VARCHAR(255) NOT NULL,
    message VARCHAR(255),
    cost INTEGER,
    sort BIGINT,
    "createdById" BIGINT,
    "updatedById" BIGINT
);
CREATE INDEX user_data_sync_tasks_source_id ON "userDataSyncTasks" ("sourceId");

INSERT INTO roles ("createdAt", "updatedAt", name, title, "default", hidden)
SELECT strftime('%Y-%m-%d %H:%M:%f +00:00'), strftime('%Y-%m-%d %H:%M:%f +00:00'), name, title, "default", hidden
FROM (SELECT 'root' AS name, 'Root' AS title, NULL AS "default", 1 AS hidden
      UNION ALL SELECT 'admin', 'Admin', NULL, 0
      UNION ALL SELECT 'member', 'Member', 1, 0);
