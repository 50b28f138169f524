-- The tables of NocoBase 2.2.15 that a sync reads and writes, as it makes them
-- itself: for a database without a host.

-- +goose Up
CREATE TABLE users (
    id bigserial PRIMARY KEY,
    "createdAt" timestamptz,
    "updatedAt" timestamptz,
    nickname varchar(255),
    username varchar(255) UNIQUE,
    email varchar(255) UNIQUE,
    phone varchar(255) UNIQUE,
    password varchar(255),
    "passwordChangeTz" bigint,
    "appLang" varchar(255),
    "resetToken" varchar(255) UNIQUE,
    "systemSettings" json DEFAULT '{}',
    sort bigint,
    "createdById" bigint,
    "updatedById" bigint,
    "mainDepartmentId" bigint
);
CREATE INDEX users_created_by_id ON users ("createdById");
CREATE INDEX users_updated_by_id ON users ("updatedById");
CREATE INDEX users_main_department_id ON users ("mainDepartmentId");

CREATE TABLE departments (
    id bigint PRIMARY KEY,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    title varchar(255),
    "isLeaf" boolean,
    "parentId" bigint,
    sort bigint,
    "createdById" bigint,
    "updatedById" bigint
);
CREATE INDEX departments_parent_id ON departments ("parentId");
CREATE INDEX departments_created_by_id ON departments ("createdById");
CREATE INDEX departments_updated_by_id ON departments ("updatedById");

CREATE TABLE main_departments_path (
    "nodePk" bigint,
    path varchar(1024),
    "rootPk" bigint
);
CREATE INDEX main_departments_path_path ON main_departments_path (path);

CREATE TABLE "departmentsUsers" (
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    "departmentId" bigint NOT NULL,
    "userId" bigint NOT NULL,
    "isOwner" boolean NOT NULL DEFAULT false,
    "isMain" boolean NOT NULL DEFAULT false,
    PRIMARY KEY ("departmentId", "userId")
);
CREATE INDEX departments_users_user_id ON "departmentsUsers" ("userId");

CREATE TABLE roles (
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    name varchar(255) PRIMARY KEY,
    title varchar(255) UNIQUE,
    "default" boolean,
    hidden boolean DEFAULT false,
    description varchar(255),
    strategy json,
    snippets json,
    sort bigint
);

CREATE TABLE "rolesUsers" (
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    "default" boolean,
    "roleName" varchar(255) NOT NULL,
    "userId" bigint NOT NULL,
    PRIMARY KEY ("roleName", "userId")
);
CREATE INDEX roles_users_user_id ON "rolesUsers" ("userId");

CREATE TABLE "departmentsRoles" (
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    "departmentId" bigint NOT NULL,
    "roleName" varchar(255) NOT NULL,
    PRIMARY KEY ("departmentId", "roleName")
);
CREATE INDEX departments_roles_role_name ON "departmentsRoles" ("roleName");

CREATE TABLE "userDataSyncRecords" (
    id bigserial PRIMARY KEY,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    "sourceName" varchar(255) NOT NULL,
    "sourceUk" varchar(255) NOT NULL,
    "dataType" varchar(255) NOT NULL,
    "metaData" json,
    "lastMetaData" json
);

CREATE TABLE "userDataSyncRecordsResources" (
    id bigserial PRIMARY KEY,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    "recordId" bigint,
    resource varchar(255) NOT NULL,
    "resourcePk" varchar(255)
);
CREATE INDEX user_data_sync_records_resources_record_id ON "userDataSyncRecordsResources" ("recordId");

CREATE TABLE "userDataSyncSources" (
    id bigserial PRIMARY KEY,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    name varchar(255) NOT NULL UNIQUE,
    "sourceType" varchar(255) NOT NULL,
    "displayName" varchar(255),
    enabled boolean NOT NULL DEFAULT false,
    options json NOT NULL DEFAULT '{}',
    sort bigint,
    "createdById" bigint,
    "updatedById" bigint
);

CREATE TABLE "userDataSyncTasks" (
    id bigserial PRIMARY KEY,
    "createdAt" timestamptz NOT NULL,
    "updatedAt" timestamptz NOT NULL,
    batch varchar(255) NOT NULL UNIQUE,
    "sourceId" bigint,
    status varchar(255) NOT NULL,
    message varchar(255),
    cost integer,
    sort bigint,
    "createdById" bigint,
    "updatedById" bigint
);
CREATE INDEX user_data_sync_tasks_source_id ON "userDataSyncTasks" ("sourceId");

INSERT INTO roles ("createdAt", "updatedAt", name, title, "default", hidden)
VALUES (now(), now(), 'root', 'Root', NULL, true),
       (now(), now(), 'admin', 'Admin', NULL, false),
       (now(), now(), 'member', 'Member', true, false);
