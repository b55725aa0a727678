// Generated from the route definitions: npm run generate
export const openapi = {
  "openapi": "3.1.0",
  "info": {
    "title": "sandboxd",
    "description": "Durable apps above disposable sandboxes: create, edit, preview, sleep and wake.",
    "version": "0.1.0",
    "license": {
      "name": "MIT",
      "identifier": "MIT"
    }
  },
  "components": {
    "securitySchemes": {
      "bearer": {
        "type": "http",
        "scheme": "bearer"
      }
    },
    "schemas": {
      "Error": {
        "type": "object",
        "properties": {
          "error": {
            "type": "object",
            "properties": {
              "code": {
                "enum": [
                  "invalid_request",
                  "unauthorized",
                  "forbidden",
                  "not_found",
                  "conflict",
                  "task_in_progress",
                  "payload_too_large",
                  "rate_limited",
                  "internal",
                  "sandbox_unavailable",
                  "sandbox_capacity",
                  "node_unavailable",
                  "unavailable"
                ],
                "type": "string"
              },
              "message": {
                "type": "string"
              },
              "retryable": {
                "type": "boolean"
              }
            },
            "required": [
              "code",
              "message",
              "retryable"
            ]
          }
        },
        "required": [
          "error"
        ]
      },
      "ApiKey": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "name": {
            "type": "string"
          },
          "prefix": {
            "type": "string",
            "description": "what the token begins with, to recognise it by"
          },
          "created_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          },
          "last_used_at": {
            "type": "string",
            "description": "to the minute"
          },
          "expires_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          }
        },
        "required": [
          "id",
          "name",
          "prefix",
          "created_at"
        ]
      },
      "Snapshot": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "name": {
            "type": "string"
          },
          "status": {
            "enum": [
              "capturing",
              "ready",
              "failed"
            ],
            "type": "string"
          },
          "cause": {
            "enum": [
              "manual",
              "safety"
            ],
            "type": "string",
            "description": "manual: somebody asked for it; safety: a restore took it of what it was about to replace"
          },
          "source_sandbox_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "source_app_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "parent_snapshot_id": {
            "type": "string",
            "description": "what its source was last captured as, or was made from; may be deleted"
          },
          "runtime_preset": {
            "type": "string"
          },
          "base_image": {
            "type": "string",
            "description": "id of the image its workspace was laid out with; empty until it is ready"
          },
          "visibility": {
            "enum": [
              "public",
              "private"
            ],
            "type": "string"
          },
          "size_bytes": {
            "type": "number",
            "description": "of the archive"
          },
          "file_count": {
            "type": "number"
          },
          "sha256": {
            "type": "string",
            "description": "of the archive"
          },
          "warnings": {
            "type": "array",
            "items": {
              "type": "string"
            },
            "description": "what was left out or changed, for people"
          },
          "progress": {
            "type": "object",
            "properties": {
              "step": {
                "type": "string"
              },
              "files": {
                "type": "number"
              },
              "bytes": {
                "type": "number"
              }
            },
            "required": [
              "step",
              "files",
              "bytes"
            ],
            "description": "while it is being captured"
          },
          "error_message": {
            "type": "string",
            "description": "why the capture failed"
          },
          "created_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          }
        },
        "required": [
          "id",
          "name",
          "status",
          "cause",
          "base_image",
          "visibility",
          "warnings",
          "created_at"
        ]
      },
      "Sandbox": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "status": {
            "enum": [
              "creating",
              "running",
              "stopped",
              "error"
            ],
            "type": "string"
          },
          "preview": {
            "type": "object",
            "properties": {
              "url": {
                "type": "string"
              },
              "status": {
                "enum": [
                  "none",
                  "starting",
                  "ready",
                  "down",
                  "error"
                ],
                "type": "string"
              },
              "last_http_status": {
                "type": "number"
              },
              "last_checked_at": {
                "type": "string",
                "description": "RFC 3339 UTC"
              },
              "build_error_message": {
                "type": "string"
              }
            },
            "required": [
              "url",
              "status"
            ]
          },
          "processes": {
            "type": "array",
            "items": {
              "type": "object",
              "properties": {
                "name": {
                  "type": "string"
                },
                "kind": {
                  "enum": [
                    "web",
                    "worker"
                  ],
                  "type": "string"
                },
                "running": {
                  "type": "boolean"
                },
                "pid": {
                  "type": "number"
                },
                "restarts": {
                  "type": "number",
                  "description": "after unexpected exits, since it was last started on purpose or revived"
                },
                "abandoned": {
                  "type": "boolean",
                  "description": "crashed too often in a row, and left alone until a file of the app changes"
                }
              },
              "required": [
                "name",
                "kind",
                "running",
                "restarts",
                "abandoned"
              ]
            }
          },
          "active_task_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "template": {
            "type": "string"
          },
          "app_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "from_snapshot_id": {
            "type": "string",
            "description": "what its workspace began with"
          },
          "replaces_sandbox_id": {
            "type": "string",
            "description": "the app's own, until this one runs and takes its place"
          },
          "runtime_preset": {
            "type": "string"
          },
          "paused": {
            "type": "boolean"
          },
          "keepalive_until": {
            "type": "string",
            "description": "RFC 3339 UTC"
          },
          "last_active_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          },
          "idle_policy": {
            "enum": [
              "sleep",
              "always_on"
            ],
            "type": "string"
          },
          "visibility": {
            "enum": [
              "public",
              "private"
            ],
            "type": "string"
          },
          "awake_because": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "progress": {
            "type": "string"
          },
          "manifest_error": {
            "type": "string"
          },
          "error_message": {
            "type": "string"
          },
          "node_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "created_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          },
          "updated_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          }
        },
        "required": [
          "id",
          "status",
          "preview",
          "processes",
          "template",
          "paused",
          "idle_policy",
          "visibility",
          "awake_because",
          "node_id",
          "created_at",
          "updated_at"
        ]
      },
      "App": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "name": {
            "type": "string"
          },
          "description": {
            "type": "string"
          },
          "tags": {
            "type": "array",
            "items": {
              "type": "string"
            }
          },
          "external_user_id": {
            "type": "string"
          },
          "external_project_id": {
            "type": "string"
          },
          "runtime_preset": {
            "type": "string"
          },
          "current_sandbox_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "forked_from_app_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "forked_from_snapshot_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "created_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          },
          "updated_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          }
        },
        "required": [
          "id",
          "name",
          "description",
          "tags",
          "created_at",
          "updated_at"
        ]
      },
      "ConfigItem": {
        "type": "object",
        "properties": {
          "key": {
            "type": "string"
          },
          "sensitive": {
            "type": "boolean"
          },
          "access_policy": {
            "enum": [
              "control_plane_only",
              "agent_access",
              "runtime_access",
              "both"
            ],
            "type": "string"
          },
          "value_set": {
            "type": "boolean"
          },
          "value": {
            "type": "string",
            "description": "of an item that is not sensitive"
          },
          "error_message": {
            "type": "string",
            "description": "why the value cannot be read, and what to do"
          },
          "created_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          },
          "updated_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          }
        },
        "required": [
          "key",
          "sensitive",
          "access_policy",
          "value_set",
          "created_at",
          "updated_at"
        ]
      },
      "Webhook": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "url": {
            "type": "string"
          },
          "description": {
            "type": "string"
          },
          "event_types": {
            "anyOf": [
              {
                "type": "array",
                "items": {
                  "type": "string"
                }
              },
              {
                "type": "null"
              }
            ],
            "description": "null: all that are sent"
          },
          "enabled": {
            "type": "boolean"
          },
          "created_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          },
          "updated_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          }
        },
        "required": [
          "id",
          "url",
          "description",
          "event_types",
          "enabled",
          "created_at",
          "updated_at"
        ]
      },
      "WebhookDelivery": {
        "type": "object",
        "properties": {
          "event_id": {
            "type": "string",
            "description": "what the `webhook-id` header says, too"
          },
          "event_type": {
            "type": "string"
          },
          "status": {
            "enum": [
              "pending",
              "delivered",
              "dead"
            ],
            "type": "string"
          },
          "attempts": {
            "type": "number"
          },
          "next_attempt_at": {
            "type": "string",
            "description": "of a pending one"
          },
          "last_http_status": {
            "type": "number"
          },
          "error_message": {
            "type": "string",
            "description": "why the last attempt failed"
          },
          "ended_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          }
        },
        "required": [
          "event_id",
          "event_type",
          "status",
          "attempts"
        ]
      },
      "Preset": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string"
          },
          "label": {
            "type": "string"
          },
          "description": {
            "type": "string"
          },
          "template": {
            "type": "string"
          },
          "capabilities": {
            "type": "array",
            "items": {
              "type": "string"
            }
          }
        },
        "required": [
          "id",
          "label",
          "description",
          "capabilities"
        ]
      },
      "Settings": {
        "type": "object",
        "properties": {
          "version": {
            "type": "string"
          },
          "git_commit": {
            "type": "string"
          },
          "networking": {
            "type": "object",
            "properties": {
              "preview_domain": {
                "type": "string"
              },
              "public_http_port": {
                "type": "string"
              },
              "preview_base": {
                "type": "string",
                "description": "like http://*.preview.localhost:8080"
              },
              "preview_tls": {
                "type": "boolean"
              },
              "preview_entrypoint": {
                "type": "string"
              }
            },
            "required": [
              "preview_domain",
              "preview_base",
              "preview_tls"
            ]
          },
          "auth": {
            "type": "object",
            "properties": {
              "enabled": {
                "type": "boolean"
              }
            },
            "required": [
              "enabled"
            ]
          },
          "runtime": {
            "type": "object",
            "properties": {
              "storage_mode": {
                "enum": [
                  "overlay",
                  "directory",
                  "unknown"
                ],
                "type": "string",
                "description": "how workspaces are kept: prepared dependencies shared, or copied"
              },
              "base_image": {
                "type": "string"
              }
            },
            "required": [
              "storage_mode",
              "base_image"
            ]
          },
          "lifecycle": {
            "type": "object",
            "properties": {
              "idle_reap_enabled": {
                "type": "boolean"
              },
              "idle_threshold_seconds": {
                "type": "number"
              },
              "keepalive_max_seconds": {
                "type": "number"
              }
            },
            "required": [
              "idle_reap_enabled",
              "idle_threshold_seconds",
              "keepalive_max_seconds"
            ]
          },
          "egress": {
            "type": "object",
            "properties": {
              "mode": {
                "type": "string"
              }
            },
            "required": [
              "mode"
            ]
          },
          "agents": {
            "type": "object",
            "properties": {
              "providers": {
                "type": "array",
                "items": {
                  "type": "string"
                }
              }
            },
            "required": [
              "providers"
            ]
          },
          "presets": {
            "type": "array",
            "items": {
              "$ref": "#/components/schemas/Preset"
            }
          },
          "capabilities": {
            "type": "object",
            "propertyNames": {
              "type": "string"
            },
            "additionalProperties": {
              "type": "boolean"
            }
          },
          "editable": {
            "type": "array",
            "items": {
              "type": "string"
            },
            "description": "what PATCH takes, as dotted paths"
          }
        },
        "required": [
          "version",
          "networking",
          "auth",
          "runtime",
          "lifecycle",
          "egress",
          "agents",
          "presets",
          "capabilities",
          "editable"
        ]
      },
      "TaskResult": {
        "type": "object",
        "properties": {
          "id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "sandbox_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "app_id": {
            "type": "string",
            "description": "ULID, canonical upper case"
          },
          "status": {
            "enum": [
              "running",
              "succeeded",
              "failed",
              "cancelled"
            ],
            "type": "string"
          },
          "prompt": {
            "type": "string"
          },
          "agent": {
            "enum": [
              "opencode",
              "claude-code",
              "codex"
            ],
            "type": "string"
          },
          "provider": {
            "enum": [
              "anthropic",
              "openai",
              "opencode",
              "openai-compatible"
            ],
            "type": "string"
          },
          "model": {
            "type": "string",
            "description": "absent where it was the agent's own choice"
          },
          "timeout_s": {
            "type": "number"
          },
          "failure_reason": {
            "enum": [
              "agent_timeout",
              "agent_error",
              "provider_error",
              "sandbox_unavailable",
              "internal",
              "cancelled"
            ],
            "type": "string"
          },
          "error_message": {
            "type": "string"
          },
          "files_changed": {
            "type": "array",
            "items": {
              "type": "string"
            },
            "description": "added, changed and removed, below the app directory"
          },
          "files_truncated": {
            "type": "boolean",
            "description": "more were changed than are listed"
          },
          "agent_message_final": {
            "type": "string"
          },
          "build_status": {
            "enum": [
              "passed",
              "failed",
              "skipped"
            ],
            "type": "string"
          },
          "build_ok": {
            "type": "boolean",
            "description": "true only for a build that passed"
          },
          "build_error_message": {
            "type": "string"
          },
          "preview_status_after": {
            "enum": [
              "none",
              "starting",
              "ready",
              "down",
              "error"
            ],
            "type": "string"
          },
          "preview_ok": {
            "type": "boolean",
            "description": "absent for an app without a web process"
          },
          "app_healthy": {
            "type": "boolean",
            "description": "the build did not fail, and the preview serves, or at least one worker runs where there is no web"
          },
          "preview_error_message": {
            "type": "string"
          },
          "checkpoint_id": {
            "type": "string",
            "description": "the commit that holds the app as it was before"
          },
          "duration_ms": {
            "type": "number"
          },
          "tokens": {
            "type": "object",
            "properties": {
              "input": {
                "type": "number"
              },
              "output": {
                "type": "number"
              },
              "reasoning": {
                "type": "number"
              },
              "cache_read": {
                "type": "number"
              },
              "cache_write": {
                "type": "number"
              },
              "total": {
                "type": "number"
              },
              "cost": {
                "type": "number",
                "description": "US dollars"
              }
            },
            "required": [
              "input",
              "output",
              "reasoning",
              "cache_read",
              "cache_write",
              "total",
              "cost"
            ]
          },
          "created_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          },
          "started_at": {
            "type": "string",
            "description": "RFC 3339 UTC"
          },
          "finished_at": {
            "type": "string",
            "description": "RFC 3339 UTC; absent while it runs"
          }
        },
        "required": [
          "id",
          "sandbox_id",
          "status",
          "prompt",
          "agent",
          "provider",
          "timeout_s",
          "files_changed",
          "build_status",
          "build_ok",
          "preview_status_after",
          "app_healthy",
          "duration_ms",
          "tokens",
          "created_at",
          "started_at"
        ]
      }
    }
  },
  "security": [
    {
      "bearer": []
    }
  ],
  "paths": {
    "/healthz": {
      "get": {
        "operationId": "liveness",
        "summary": "Whether the process runs",
        "tags": [
          "Instance"
        ],
        "security": [],
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "status": {
                      "const": "ok"
                    }
                  },
                  "required": [
                    "status"
                  ]
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/readyz": {
      "get": {
        "operationId": "readiness",
        "summary": "Whether requests can be served: the store and a node answer",
        "tags": [
          "Instance"
        ],
        "security": [],
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "status": {
                      "const": "ok"
                    }
                  },
                  "required": [
                    "status"
                  ]
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/metrics": {
      "get": {
        "operationId": "getMetrics",
        "summary": "Counters and durations, in the text format of Prometheus",
        "description": "Programs on the machine of the server need no token. From elsewhere it takes a token of an owner who is named in `SANDBOXD_OPERATORS`.",
        "tags": [
          "Instance"
        ],
        "parameters": [],
        "responses": {
          "200": {
            "description": "Metrics, as `text/plain`"
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "403": {
            "description": "forbidden",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/openapi.json": {
      "get": {
        "operationId": "getOpenapi",
        "summary": "This description",
        "tags": [
          "Instance"
        ],
        "security": [],
        "parameters": [],
        "responses": {
          "200": {
            "description": "OpenAPI 3.1"
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/auth/status": {
      "get": {
        "operationId": "getAuthStatus",
        "summary": "Say who is asking",
        "tags": [
          "Identity"
        ],
        "security": [],
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "enabled": {
                      "type": "boolean",
                      "description": "whether callers have to say who they are"
                    },
                    "setup_required": {
                      "type": "boolean",
                      "description": "whether the caller can give the console its first password; strangers cannot"
                    },
                    "authenticated": {
                      "type": "boolean"
                    },
                    "owner": {
                      "type": "string"
                    },
                    "via": {
                      "enum": [
                        "token",
                        "session",
                        "auth-off"
                      ],
                      "type": "string"
                    }
                  },
                  "required": [
                    "enabled",
                    "setup_required",
                    "authenticated"
                  ]
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/auth/login": {
      "post": {
        "operationId": "logIn",
        "summary": "Begin a session with the console’s password; its cookie is set",
        "tags": [
          "Identity"
        ],
        "security": [],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "password": {
                    "type": "string",
                    "maxLength": 1024
                  }
                },
                "required": [
                  "password"
                ]
              }
            }
          }
        },
        "parameters": [],
        "responses": {
          "204": {
            "description": "Logged in"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "429": {
            "description": "rate_limited",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/auth/setup": {
      "post": {
        "operationId": "setUpPassword",
        "summary": "Give the console its first password",
        "tags": [
          "Identity"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "password": {
                    "type": "string",
                    "minLength": 12,
                    "maxLength": 1024
                  }
                },
                "required": [
                  "password"
                ]
              }
            }
          }
        },
        "parameters": [],
        "responses": {
          "204": {
            "description": "Set"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "403": {
            "description": "forbidden",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "429": {
            "description": "rate_limited",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/auth/logout": {
      "post": {
        "operationId": "logOut",
        "summary": "End the session",
        "tags": [
          "Identity"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "everywhere": {
                    "type": "boolean",
                    "description": "all your sessions, not this one alone",
                    "default": false
                  }
                },
                "required": []
              }
            }
          }
        },
        "parameters": [],
        "responses": {
          "204": {
            "description": "Ended"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/auth/password": {
      "post": {
        "operationId": "changePassword",
        "summary": "Change the console’s password; every other session ends",
        "tags": [
          "Identity"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "current_password": {
                    "type": "string",
                    "maxLength": 1024
                  },
                  "new_password": {
                    "type": "string",
                    "minLength": 12,
                    "maxLength": 1024
                  }
                },
                "required": [
                  "current_password",
                  "new_password"
                ]
              }
            }
          }
        },
        "parameters": [],
        "responses": {
          "204": {
            "description": "Changed"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "403": {
            "description": "forbidden",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "429": {
            "description": "rate_limited",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/api-keys": {
      "get": {
        "operationId": "listApiKeys",
        "summary": "List API keys, newest first; also those that have expired",
        "tags": [
          "Identity"
        ],
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "api_keys": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/ApiKey"
                      }
                    }
                  },
                  "required": [
                    "api_keys"
                  ]
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "post": {
        "operationId": "createApiKey",
        "summary": "Make an API key; its token is shown this once",
        "tags": [
          "Identity"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "name": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 100,
                    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
                  },
                  "expires_at": {
                    "type": "string",
                    "format": "date-time",
                    "description": "RFC 3339; at most one of expires_at and expires_in_days"
                  },
                  "expires_in_days": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 3650
                  }
                },
                "required": [
                  "name"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          }
        ],
        "responses": {
          "201": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "id": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    },
                    "name": {
                      "type": "string"
                    },
                    "prefix": {
                      "type": "string",
                      "description": "what the token begins with, to recognise it by"
                    },
                    "created_at": {
                      "type": "string",
                      "description": "RFC 3339 UTC"
                    },
                    "last_used_at": {
                      "type": "string",
                      "description": "to the minute"
                    },
                    "expires_at": {
                      "type": "string",
                      "description": "RFC 3339 UTC"
                    },
                    "token": {
                      "type": "string",
                      "description": "shown this once"
                    }
                  },
                  "required": [
                    "id",
                    "name",
                    "prefix",
                    "created_at",
                    "token"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/api-keys/{id}": {
      "delete": {
        "operationId": "revokeApiKey",
        "summary": "Revoke an API key; also the one that asks",
        "tags": [
          "Identity"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Revoked"
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/audit": {
      "get": {
        "operationId": "listAudit",
        "summary": "List who asked for what, newest first: your own requests; as an operator, everybody’s",
        "tags": [
          "Identity"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "owner",
            "in": "query",
            "description": "of this owner alone; another one than yourself for operators",
            "schema": {
              "type": "string"
            }
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "entries": {
                      "type": "array",
                      "items": {
                        "type": "object",
                        "properties": {
                          "id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "owner": {
                            "type": "string",
                            "description": "absent when nobody was recognised"
                          },
                          "actor": {
                            "type": "object",
                            "properties": {
                              "kind": {
                                "enum": [
                                  "api-key",
                                  "configured-token",
                                  "session",
                                  "auth-off",
                                  "command-line",
                                  "unknown"
                                ],
                                "type": "string"
                              },
                              "id": {
                                "type": "string",
                                "description": "ULID, canonical upper case"
                              },
                              "name": {
                                "type": "string"
                              }
                            },
                            "required": [
                              "kind"
                            ]
                          },
                          "action": {
                            "type": "string",
                            "description": "method and route, like \"PATCH /v1/apps/:id\""
                          },
                          "target": {
                            "type": "object",
                            "propertyNames": {
                              "type": "string"
                            },
                            "additionalProperties": {
                              "type": "string"
                            }
                          },
                          "status": {
                            "type": "number",
                            "description": "of the answer"
                          },
                          "request_id": {
                            "type": "string"
                          },
                          "address": {
                            "type": "string"
                          },
                          "created_at": {
                            "type": "string",
                            "description": "RFC 3339 UTC"
                          }
                        },
                        "required": [
                          "id",
                          "actor",
                          "action",
                          "target",
                          "status",
                          "request_id",
                          "created_at"
                        ]
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "entries"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "403": {
            "description": "forbidden",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/apps/{id}/snapshots": {
      "get": {
        "operationId": "listAppSnapshots",
        "summary": "The snapshots of an app, newest first; also of sandboxes it no longer has",
        "tags": [
          "Snapshots"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "snapshots": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/Snapshot"
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "snapshots"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/apps/{id}/restore": {
      "post": {
        "operationId": "restoreApp",
        "summary": "Replace the sandbox of an app by a fresh one from a snapshot",
        "description": "What the sandbox holds is captured first, which shows among the snapshots with the cause `safety`. When anything fails, the app is as it was.",
        "tags": [
          "Snapshots"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "snapshot_id": {
                    "type": "string",
                    "minLength": 1
                  }
                },
                "required": [
                  "snapshot_id"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "201": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "task_in_progress, conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "sandbox_capacity, node_unavailable, unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/apps/{id}/fork": {
      "post": {
        "operationId": "forkApp",
        "summary": "Make a new app, with its sandbox, from a snapshot",
        "description": "The name is \"<source> (fork)\" unless one is given. Description and tags are taken over, external ids and configuration are not.",
        "tags": [
          "Snapshots"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "snapshot_id": {
                    "type": "string",
                    "minLength": 1
                  },
                  "name": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 200
                  }
                },
                "required": [
                  "snapshot_id"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "201": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "app": {
                      "$ref": "#/components/schemas/App"
                    },
                    "sandbox": {
                      "$ref": "#/components/schemas/Sandbox"
                    }
                  },
                  "required": [
                    "app",
                    "sandbox"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "sandbox_capacity, node_unavailable, unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/apps/{id}/config": {
      "get": {
        "operationId": "listConfig",
        "summary": "List an app's config items by key, without sensitive values",
        "tags": [
          "Config"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "config": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/ConfigItem"
                      }
                    }
                  },
                  "required": [
                    "config"
                  ]
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "post": {
        "operationId": "createConfig",
        "summary": "Create a config item; access_policy says which programs of the sandbox have its value",
        "description": "What is running goes on with what it was started with; restart-processes changes that.",
        "tags": [
          "Config"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "key": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 256,
                    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$"
                  },
                  "value": {
                    "type": "string"
                  },
                  "sensitive": {
                    "type": "boolean",
                    "default": true
                  },
                  "access_policy": {
                    "enum": [
                      "control_plane_only",
                      "agent_access",
                      "runtime_access",
                      "both"
                    ],
                    "type": "string",
                    "default": "control_plane_only"
                  }
                },
                "required": [
                  "key",
                  "value"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "201": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/ConfigItem"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/apps/{id}/config/{key}": {
      "patch": {
        "operationId": "updateConfig",
        "summary": "Change value, sensitivity or access policy of a config item; without a value the one there is stays",
        "description": "The key is URL-encoded in the path.",
        "tags": [
          "Config"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "value": {
                    "type": "string"
                  },
                  "sensitive": {
                    "type": "boolean"
                  },
                  "access_policy": {
                    "enum": [
                      "control_plane_only",
                      "agent_access",
                      "runtime_access",
                      "both"
                    ],
                    "type": "string"
                  }
                },
                "required": []
              }
            }
          }
        },
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "key",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/ConfigItem"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "delete": {
        "operationId": "deleteConfig",
        "summary": "Delete a config item",
        "description": "The key is URL-encoded in the path.",
        "tags": [
          "Config"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "key",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Deleted"
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/apps": {
      "get": {
        "operationId": "listApps",
        "summary": "List apps, newest first",
        "tags": [
          "Apps"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "external_user_id",
            "in": "query",
            "description": "only the apps of this end user",
            "schema": {
              "type": "string"
            }
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "apps": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/App"
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "apps"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "post": {
        "operationId": "createApp",
        "summary": "Create an app",
        "tags": [
          "Apps"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "name": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 200
                  },
                  "description": {
                    "type": "string",
                    "maxLength": 10000,
                    "default": ""
                  },
                  "tags": {
                    "type": "array",
                    "items": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 64
                    },
                    "maxItems": 32,
                    "default": []
                  },
                  "external_user_id": {
                    "type": "string",
                    "maxLength": 256
                  },
                  "external_project_id": {
                    "type": "string",
                    "maxLength": 256
                  },
                  "runtime_preset": {
                    "type": "string"
                  }
                },
                "required": [
                  "name"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          }
        ],
        "responses": {
          "201": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/App"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/apps/{id}": {
      "get": {
        "operationId": "getApp",
        "summary": "Get an app",
        "tags": [
          "Apps"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/App"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "patch": {
        "operationId": "updateApp",
        "summary": "Change name, description or tags",
        "tags": [
          "Apps"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "name": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 200
                  },
                  "description": {
                    "type": "string",
                    "maxLength": 10000
                  },
                  "tags": {
                    "type": "array",
                    "items": {
                      "type": "string",
                      "minLength": 1,
                      "maxLength": 64
                    },
                    "maxItems": 32
                  }
                },
                "required": []
              }
            }
          }
        },
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/App"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "delete": {
        "operationId": "deleteApp",
        "summary": "Delete an app with its sandbox and workspace",
        "tags": [
          "Apps"
        ],
        "parameters": [
          {
            "name": "snapshots",
            "in": "query",
            "description": "delete: its snapshots go as well; they are kept otherwise",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Deleted"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/apps/{id}/sandbox": {
      "post": {
        "operationId": "createAppSandbox",
        "summary": "Create the app's one live sandbox",
        "tags": [
          "Apps"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "template": {
                    "type": "string"
                  },
                  "runtime_preset": {
                    "type": "string"
                  },
                  "ports": {
                    "type": "array",
                    "items": {
                      "type": "integer",
                      "minimum": 1,
                      "maximum": 65535
                    },
                    "minItems": 1,
                    "maxItems": 10
                  }
                },
                "required": []
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "201": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "sandbox_capacity, node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/apps/{id}/events": {
      "get": {
        "operationId": "listAppEvents",
        "summary": "What happened to an app, newest first",
        "tags": [
          "Apps"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "events": {
                      "type": "array",
                      "items": {
                        "type": "object",
                        "properties": {
                          "id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "type": {
                            "type": "string",
                            "description": "one of these, and more to come: app.created, app.updated, app.deleted, sandbox.create.started, sandbox.create.failed, sandbox.start.failed, sandbox.started, sandbox.stopped, sandbox.paused, sandbox.woken, sandbox.deleted, task.started, task.completed, task.failed, task.build.failed, task.reverted, preview.health.ok, preview.health.failed, snapshot.captured, snapshot.capture.failed, snapshot.restored, snapshot.restore.failed, snapshot.forked, snapshot.deleted, process.abandoned, manifest.invalid, config.created, config.updated, config.deleted, config.unreadable, settings.updated, credential.updated, credential.deleted, api_key.created, api_key.revoked, auth.login.failed, auth.password.changed, webhook.created, webhook.updated, webhook.deleted, webhook.delivery.dead"
                          },
                          "severity": {
                            "enum": [
                              "info",
                              "warning",
                              "error"
                            ],
                            "type": "string"
                          },
                          "message": {
                            "type": "string"
                          },
                          "app_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "sandbox_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "task_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "snapshot_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "payload": {
                            "type": "object",
                            "propertyNames": {
                              "type": "string"
                            },
                            "additionalProperties": {
                              "anyOf": [
                                {
                                  "type": "string"
                                },
                                {
                                  "type": "number"
                                },
                                {
                                  "type": "boolean"
                                }
                              ]
                            }
                          },
                          "created_at": {
                            "type": "string",
                            "description": "RFC 3339 UTC"
                          }
                        },
                        "required": [
                          "id",
                          "type",
                          "severity",
                          "message",
                          "created_at"
                        ]
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "events"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/snapshots": {
      "get": {
        "operationId": "listSnapshots",
        "summary": "List snapshots, newest first",
        "tags": [
          "Snapshots"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "snapshots": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/Snapshot"
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "snapshots"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "post": {
        "operationId": "createSnapshot",
        "summary": "Capture the workspace of a sandbox",
        "description": "A sandbox that runs is captured only with `live`, and stands still for a moment then. Answers when the capture has ended, or after most of a minute: `status` says which.",
        "tags": [
          "Snapshots"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "source_sandbox_id": {
                    "type": "string",
                    "minLength": 1
                  },
                  "name": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 200
                  },
                  "live": {
                    "type": "boolean",
                    "default": false
                  }
                },
                "required": [
                  "source_sandbox_id",
                  "name"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          }
        ],
        "responses": {
          "201": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Snapshot"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/snapshots/{id}": {
      "get": {
        "operationId": "getSnapshot",
        "summary": "Get a snapshot",
        "tags": [
          "Snapshots"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Snapshot"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "delete": {
        "operationId": "deleteSnapshot",
        "summary": "Delete a snapshot; what was made from it stays",
        "tags": [
          "Snapshots"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Deleted"
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/tasks/{id}/events": {
      "get": {
        "operationId": "listTaskEvents",
        "summary": "What the activity log says of a task, newest first",
        "tags": [
          "Tasks"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "events": {
                      "type": "array",
                      "items": {
                        "type": "object",
                        "properties": {
                          "id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "type": {
                            "type": "string",
                            "description": "one of these, and more to come: app.created, app.updated, app.deleted, sandbox.create.started, sandbox.create.failed, sandbox.start.failed, sandbox.started, sandbox.stopped, sandbox.paused, sandbox.woken, sandbox.deleted, task.started, task.completed, task.failed, task.build.failed, task.reverted, preview.health.ok, preview.health.failed, snapshot.captured, snapshot.capture.failed, snapshot.restored, snapshot.restore.failed, snapshot.forked, snapshot.deleted, process.abandoned, manifest.invalid, config.created, config.updated, config.deleted, config.unreadable, settings.updated, credential.updated, credential.deleted, api_key.created, api_key.revoked, auth.login.failed, auth.password.changed, webhook.created, webhook.updated, webhook.deleted, webhook.delivery.dead"
                          },
                          "severity": {
                            "enum": [
                              "info",
                              "warning",
                              "error"
                            ],
                            "type": "string"
                          },
                          "message": {
                            "type": "string"
                          },
                          "app_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "sandbox_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "task_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "snapshot_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "payload": {
                            "type": "object",
                            "propertyNames": {
                              "type": "string"
                            },
                            "additionalProperties": {
                              "anyOf": [
                                {
                                  "type": "string"
                                },
                                {
                                  "type": "number"
                                },
                                {
                                  "type": "boolean"
                                }
                              ]
                            }
                          },
                          "created_at": {
                            "type": "string",
                            "description": "RFC 3339 UTC"
                          }
                        },
                        "required": [
                          "id",
                          "type",
                          "severity",
                          "message",
                          "created_at"
                        ]
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "events"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/agents": {
      "get": {
        "operationId": "listAgents",
        "summary": "List coding agents, and who serves their models",
        "tags": [
          "Agents"
        ],
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "agents": {
                      "type": "array",
                      "items": {
                        "type": "object",
                        "properties": {
                          "id": {
                            "enum": [
                              "opencode",
                              "claude-code",
                              "codex"
                            ],
                            "type": "string"
                          },
                          "label": {
                            "type": "string"
                          },
                          "default": {
                            "type": "boolean",
                            "description": "works on tasks that name no agent"
                          },
                          "installed": {
                            "type": "boolean",
                            "description": "sandboxes carry it; absent while no node can be asked"
                          },
                          "providers": {
                            "type": "array",
                            "items": {
                              "enum": [
                                "anthropic",
                                "openai",
                                "opencode",
                                "openai-compatible"
                              ],
                              "type": "string"
                            },
                            "description": "the preferred one first"
                          }
                        },
                        "required": [
                          "id",
                          "label",
                          "default",
                          "providers"
                        ]
                      }
                    },
                    "providers": {
                      "type": "array",
                      "items": {
                        "type": "object",
                        "properties": {
                          "id": {
                            "enum": [
                              "anthropic",
                              "openai",
                              "opencode",
                              "openai-compatible"
                            ],
                            "type": "string"
                          },
                          "label": {
                            "type": "string"
                          },
                          "connected": {
                            "type": "boolean",
                            "description": "tasks can use it"
                          },
                          "key_set_at": {
                            "type": "string",
                            "description": "RFC 3339 UTC; absent without a key of your own"
                          }
                        },
                        "required": [
                          "id",
                          "label",
                          "connected"
                        ]
                      }
                    }
                  },
                  "required": [
                    "agents",
                    "providers"
                  ]
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/agents/{provider}/api-key": {
      "post": {
        "operationId": "setProviderKey",
        "summary": "Set your key for a provider; nothing shows it again",
        "tags": [
          "Agents"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "api_key": {
                    "type": "string",
                    "pattern": "^[\\x21-\\x7e]{1,4096}$"
                  }
                },
                "required": [
                  "api_key"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "provider",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Set"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/agents/{provider}/disconnect": {
      "post": {
        "operationId": "disconnectProvider",
        "summary": "Forget your key for a provider; tasks that run keep it to their end",
        "tags": [
          "Agents"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "provider",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Forgotten"
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/webhooks": {
      "get": {
        "operationId": "listWebhooks",
        "summary": "List webhooks, newest first",
        "tags": [
          "Webhooks"
        ],
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "webhooks": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/Webhook"
                      }
                    }
                  },
                  "required": [
                    "webhooks"
                  ]
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "post": {
        "operationId": "createWebhook",
        "summary": "Have your events sent to an address",
        "description": "Requests are signed as Standard Webhooks has it, with the `secret` of this answer: nothing shows it again. Without `event_types`, all events are sent.",
        "tags": [
          "Webhooks"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "url": {
                    "type": "string",
                    "maxLength": 2048
                  },
                  "event_types": {
                    "anyOf": [
                      {
                        "type": "array",
                        "items": {
                          "enum": [
                            "app.created",
                            "app.updated",
                            "app.deleted",
                            "sandbox.create.started",
                            "sandbox.create.failed",
                            "sandbox.start.failed",
                            "sandbox.started",
                            "sandbox.stopped",
                            "sandbox.paused",
                            "sandbox.woken",
                            "sandbox.deleted",
                            "task.started",
                            "task.completed",
                            "task.failed",
                            "task.build.failed",
                            "task.reverted",
                            "preview.health.ok",
                            "preview.health.failed",
                            "snapshot.captured",
                            "snapshot.capture.failed",
                            "snapshot.restored",
                            "snapshot.restore.failed",
                            "snapshot.forked",
                            "snapshot.deleted",
                            "process.abandoned",
                            "manifest.invalid",
                            "config.created",
                            "config.updated",
                            "config.deleted",
                            "config.unreadable",
                            "settings.updated",
                            "credential.updated",
                            "credential.deleted",
                            "api_key.created",
                            "api_key.revoked",
                            "auth.login.failed",
                            "auth.password.changed"
                          ],
                          "type": "string"
                        },
                        "minItems": 1
                      },
                      {
                        "type": "null"
                      }
                    ],
                    "default": null
                  },
                  "description": {
                    "type": "string",
                    "maxLength": 200,
                    "default": ""
                  }
                },
                "required": [
                  "url"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          }
        ],
        "responses": {
          "201": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "id": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    },
                    "url": {
                      "type": "string"
                    },
                    "description": {
                      "type": "string"
                    },
                    "event_types": {
                      "anyOf": [
                        {
                          "type": "array",
                          "items": {
                            "type": "string"
                          }
                        },
                        {
                          "type": "null"
                        }
                      ],
                      "description": "null: all that are sent"
                    },
                    "enabled": {
                      "type": "boolean"
                    },
                    "created_at": {
                      "type": "string",
                      "description": "RFC 3339 UTC"
                    },
                    "updated_at": {
                      "type": "string",
                      "description": "RFC 3339 UTC"
                    },
                    "secret": {
                      "type": "string",
                      "description": "signs what is sent; shown this once"
                    }
                  },
                  "required": [
                    "id",
                    "url",
                    "description",
                    "event_types",
                    "enabled",
                    "created_at",
                    "updated_at",
                    "secret"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/webhooks/{id}": {
      "get": {
        "operationId": "getWebhook",
        "summary": "Get a webhook",
        "tags": [
          "Webhooks"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Webhook"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "patch": {
        "operationId": "updateWebhook",
        "summary": "Change address, types of events or description, disable or enable",
        "description": "A disabled webhook is sent nothing. What was on its way waits until it is enabled; what happens meanwhile is not sent later.",
        "tags": [
          "Webhooks"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "url": {
                    "type": "string",
                    "maxLength": 2048
                  },
                  "event_types": {
                    "anyOf": [
                      {
                        "type": "array",
                        "items": {
                          "enum": [
                            "app.created",
                            "app.updated",
                            "app.deleted",
                            "sandbox.create.started",
                            "sandbox.create.failed",
                            "sandbox.start.failed",
                            "sandbox.started",
                            "sandbox.stopped",
                            "sandbox.paused",
                            "sandbox.woken",
                            "sandbox.deleted",
                            "task.started",
                            "task.completed",
                            "task.failed",
                            "task.build.failed",
                            "task.reverted",
                            "preview.health.ok",
                            "preview.health.failed",
                            "snapshot.captured",
                            "snapshot.capture.failed",
                            "snapshot.restored",
                            "snapshot.restore.failed",
                            "snapshot.forked",
                            "snapshot.deleted",
                            "process.abandoned",
                            "manifest.invalid",
                            "config.created",
                            "config.updated",
                            "config.deleted",
                            "config.unreadable",
                            "settings.updated",
                            "credential.updated",
                            "credential.deleted",
                            "api_key.created",
                            "api_key.revoked",
                            "auth.login.failed",
                            "auth.password.changed"
                          ],
                          "type": "string"
                        },
                        "minItems": 1
                      },
                      {
                        "type": "null"
                      }
                    ]
                  },
                  "description": {
                    "type": "string",
                    "maxLength": 200
                  },
                  "enabled": {
                    "type": "boolean"
                  }
                },
                "required": []
              }
            }
          }
        },
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Webhook"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "delete": {
        "operationId": "deleteWebhook",
        "summary": "Delete a webhook, with everything on its way to it",
        "tags": [
          "Webhooks"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Deleted"
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/webhooks/{id}/rotate-secret": {
      "post": {
        "operationId": "rotateWebhookSecret",
        "summary": "Make a new signing secret",
        "description": "For a day, requests carry a signature by the one before as well.",
        "tags": [
          "Webhooks"
        ],
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "id": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    },
                    "url": {
                      "type": "string"
                    },
                    "description": {
                      "type": "string"
                    },
                    "event_types": {
                      "anyOf": [
                        {
                          "type": "array",
                          "items": {
                            "type": "string"
                          }
                        },
                        {
                          "type": "null"
                        }
                      ],
                      "description": "null: all that are sent"
                    },
                    "enabled": {
                      "type": "boolean"
                    },
                    "created_at": {
                      "type": "string",
                      "description": "RFC 3339 UTC"
                    },
                    "updated_at": {
                      "type": "string",
                      "description": "RFC 3339 UTC"
                    },
                    "secret": {
                      "type": "string",
                      "description": "signs what is sent; shown this once"
                    }
                  },
                  "required": [
                    "id",
                    "url",
                    "description",
                    "event_types",
                    "enabled",
                    "created_at",
                    "updated_at",
                    "secret"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/webhooks/{id}/test": {
      "post": {
        "operationId": "testWebhook",
        "summary": "Send a message of the type `webhook.test` at once, and tell what came of it",
        "tags": [
          "Webhooks"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "delivered": {
                      "type": "boolean"
                    },
                    "http_status": {
                      "type": "number",
                      "description": "absent when nothing answered"
                    },
                    "error_message": {
                      "type": "string"
                    }
                  },
                  "required": [
                    "delivered"
                  ]
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/webhooks/{id}/deliveries": {
      "get": {
        "operationId": "listWebhookDeliveries",
        "summary": "What was sent to a webhook, the latest event first",
        "tags": [
          "Webhooks"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "status",
            "in": "query",
            "description": "only pending, delivered, or dead ones",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "deliveries": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/WebhookDelivery"
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "deliveries"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/webhooks/{id}/deliveries/{eventId}/retry": {
      "post": {
        "operationId": "retryWebhookDelivery",
        "summary": "Send a dead delivery once more",
        "tags": [
          "Webhooks"
        ],
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "eventId",
            "required": true
          }
        ],
        "responses": {
          "202": {
            "description": "It is sent within moments"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/events": {
      "get": {
        "operationId": "listEvents",
        "summary": "Everything that happened to what is yours, newest first",
        "tags": [
          "Instance"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "type",
            "in": "query",
            "description": "only events of these types: several with commas between, or the parameter several times",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "app_id",
            "in": "query",
            "description": "only what is about this app, also when it is gone",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "sandbox_id",
            "in": "query",
            "description": "only what is about this sandbox, also when it is gone",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "task_id",
            "in": "query",
            "description": "only what is about this task",
            "schema": {
              "type": "string"
            }
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "events": {
                      "type": "array",
                      "items": {
                        "type": "object",
                        "properties": {
                          "id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "type": {
                            "type": "string",
                            "description": "one of these, and more to come: app.created, app.updated, app.deleted, sandbox.create.started, sandbox.create.failed, sandbox.start.failed, sandbox.started, sandbox.stopped, sandbox.paused, sandbox.woken, sandbox.deleted, task.started, task.completed, task.failed, task.build.failed, task.reverted, preview.health.ok, preview.health.failed, snapshot.captured, snapshot.capture.failed, snapshot.restored, snapshot.restore.failed, snapshot.forked, snapshot.deleted, process.abandoned, manifest.invalid, config.created, config.updated, config.deleted, config.unreadable, settings.updated, credential.updated, credential.deleted, api_key.created, api_key.revoked, auth.login.failed, auth.password.changed, webhook.created, webhook.updated, webhook.deleted, webhook.delivery.dead"
                          },
                          "severity": {
                            "enum": [
                              "info",
                              "warning",
                              "error"
                            ],
                            "type": "string"
                          },
                          "message": {
                            "type": "string"
                          },
                          "app_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "sandbox_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "task_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "snapshot_id": {
                            "type": "string",
                            "description": "ULID, canonical upper case"
                          },
                          "payload": {
                            "type": "object",
                            "propertyNames": {
                              "type": "string"
                            },
                            "additionalProperties": {
                              "anyOf": [
                                {
                                  "type": "string"
                                },
                                {
                                  "type": "number"
                                },
                                {
                                  "type": "boolean"
                                }
                              ]
                            }
                          },
                          "created_at": {
                            "type": "string",
                            "description": "RFC 3339 UTC"
                          }
                        },
                        "required": [
                          "id",
                          "type",
                          "severity",
                          "message",
                          "created_at"
                        ]
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "events"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/presets": {
      "get": {
        "operationId": "listPresets",
        "summary": "List runtime presets",
        "tags": [
          "Instance"
        ],
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "presets": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/Preset"
                      }
                    }
                  },
                  "required": [
                    "presets"
                  ]
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/runtime/manifest/validate": {
      "post": {
        "operationId": "validateManifest",
        "summary": "Say whether a sandbox.yaml does what it seems to, and what it comes to with its defaults",
        "tags": [
          "Instance"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "manifest": {
                    "type": "string"
                  }
                },
                "required": [
                  "manifest"
                ]
              }
            }
          }
        },
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "valid": {
                      "type": "boolean"
                    },
                    "errors": {
                      "type": "array",
                      "items": {
                        "type": "object",
                        "properties": {
                          "path": {
                            "type": "string",
                            "description": "like \"workers[0].name\"; \"\" for the file as a whole"
                          },
                          "message": {
                            "type": "string"
                          }
                        },
                        "required": [
                          "path",
                          "message"
                        ]
                      }
                    },
                    "warnings": {
                      "type": "array",
                      "items": {
                        "type": "object",
                        "properties": {
                          "path": {
                            "type": "string",
                            "description": "like \"workers[0].name\"; \"\" for the file as a whole"
                          },
                          "message": {
                            "type": "string"
                          }
                        },
                        "required": [
                          "path",
                          "message"
                        ]
                      }
                    },
                    "effective": {
                      "type": "object",
                      "properties": {
                        "web": {
                          "type": "object",
                          "properties": {
                            "command": {
                              "type": "string"
                            },
                            "port": {
                              "type": "number"
                            },
                            "health_path": {
                              "type": "string"
                            },
                            "restart_after_task": {
                              "type": "boolean"
                            }
                          },
                          "required": [
                            "command",
                            "port",
                            "health_path",
                            "restart_after_task"
                          ]
                        },
                        "build": {
                          "type": "object",
                          "properties": {
                            "command": {
                              "type": "string"
                            },
                            "timeout_seconds": {
                              "type": "number"
                            }
                          },
                          "required": [
                            "command",
                            "timeout_seconds"
                          ]
                        },
                        "workers": {
                          "type": "array",
                          "items": {
                            "type": "object",
                            "properties": {
                              "name": {
                                "type": "string"
                              },
                              "command": {
                                "type": "string"
                              },
                              "restart_after_task": {
                                "type": "boolean"
                              }
                            },
                            "required": [
                              "name",
                              "command",
                              "restart_after_task"
                            ]
                          }
                        }
                      },
                      "required": [
                        "build",
                        "workers"
                      ]
                    }
                  },
                  "required": [
                    "valid",
                    "errors",
                    "warnings"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/settings": {
      "get": {
        "operationId": "getSettings",
        "summary": "What this installation is like, and the settings in force",
        "tags": [
          "Instance"
        ],
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Settings"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "patch": {
        "operationId": "updateSettings",
        "summary": "Change settings, at once and on every node; for operators",
        "tags": [
          "Instance"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "lifecycle": {
                    "type": "object",
                    "properties": {
                      "idle_reap_enabled": {
                        "type": "boolean"
                      },
                      "idle_threshold_seconds": {
                        "type": "integer",
                        "minimum": 60,
                        "maximum": 86400
                      },
                      "keepalive_max_seconds": {
                        "type": "integer",
                        "minimum": 0,
                        "maximum": 604800
                      }
                    },
                    "required": [],
                    "additionalProperties": false
                  }
                },
                "required": [
                  "lifecycle"
                ],
                "additionalProperties": false
              }
            }
          }
        },
        "parameters": [],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Settings"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "403": {
            "description": "forbidden",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/files": {
      "get": {
        "operationId": "listFiles",
        "summary": "List files; generated directories are left out",
        "tags": [
          "Files"
        ],
        "parameters": [
          {
            "name": "root",
            "in": "query",
            "description": "app (default) or home",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "path",
            "in": "query",
            "description": "a directory; the root when absent",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "recursive",
            "in": "query",
            "description": "true or false",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "path": {
                      "type": "string"
                    },
                    "recursive": {
                      "type": "boolean"
                    },
                    "entries": {
                      "type": "array",
                      "items": {
                        "type": "object",
                        "properties": {
                          "path": {
                            "type": "string"
                          },
                          "type": {
                            "enum": [
                              "file",
                              "directory",
                              "symlink"
                            ],
                            "type": "string"
                          },
                          "size": {
                            "type": "number"
                          }
                        },
                        "required": [
                          "path",
                          "type"
                        ]
                      }
                    }
                  },
                  "required": [
                    "path",
                    "recursive",
                    "entries"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "put": {
        "operationId": "writeFile",
        "summary": "Write a file of at most 25 MiB, atomically: JSON, or raw bytes with ?path=",
        "tags": [
          "Files"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "path": {
                    "type": "string"
                  },
                  "content": {
                    "type": "string"
                  },
                  "append": {
                    "type": "boolean",
                    "default": false
                  }
                },
                "required": [
                  "path",
                  "content"
                ]
              }
            },
            "application/octet-stream": {
              "schema": {
                "type": "string",
                "format": "binary"
              }
            }
          }
        },
        "parameters": [
          {
            "name": "root",
            "in": "query",
            "description": "app (default) or home",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "path",
            "in": "query",
            "description": "the file, when the body is its bytes",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "append",
            "in": "query",
            "description": "true or false",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Written"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "delete": {
        "operationId": "deleteFile",
        "summary": "Delete a file, or a directory with everything in it",
        "tags": [
          "Files"
        ],
        "parameters": [
          {
            "name": "root",
            "in": "query",
            "description": "app (default) or home",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "path",
            "in": "query",
            "description": "the file or directory",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Deleted"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/files/content": {
      "get": {
        "operationId": "readFile",
        "summary": "Read a file of at most 2 MiB: text as text, other bytes as octet-stream",
        "tags": [
          "Files"
        ],
        "parameters": [
          {
            "name": "root",
            "in": "query",
            "description": "app (default) or home",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "path",
            "in": "query",
            "description": "the file",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "The bytes"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/export": {
      "get": {
        "operationId": "exportSandbox",
        "summary": "The app directory as a zip archive; generated directories are left out",
        "description": "Of a sandbox that runs or is stopped. Symbolic links that lead out of the app directory, sockets, pipes and devices are left out. An answer that ends without the end of its archive has failed on the way.",
        "tags": [
          "Files"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "application/zip, named after the app"
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable, unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/exec": {
      "post": {
        "operationId": "execInSandbox",
        "summary": "Run a program as the sandbox user; \"Accept: text/event-stream\" streams its output",
        "description": "Wakes a sandbox that is stopped. A program that runs longer than `timeout_s` (0 or absent: 60 seconds) is ended, with `timed_out` in the answer.",
        "tags": [
          "Sandboxes"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "cmd": {
                    "type": "array",
                    "items": {
                      "type": "string"
                    },
                    "minItems": 1,
                    "maxItems": 1000
                  },
                  "cwd": {
                    "type": "string"
                  },
                  "env": {
                    "type": "object",
                    "propertyNames": {
                      "type": "string"
                    },
                    "additionalProperties": {
                      "type": "string"
                    }
                  },
                  "timeout_s": {
                    "type": "number",
                    "minimum": 0,
                    "maximum": 3600
                  },
                  "stdin": {
                    "type": "string"
                  }
                },
                "required": [
                  "cmd"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "exit_code": {
                      "type": "number"
                    },
                    "stdout": {
                      "type": "string"
                    },
                    "stderr": {
                      "type": "string"
                    },
                    "truncated": {
                      "type": "boolean",
                      "description": "there was more output than an answer holds"
                    },
                    "timed_out": {
                      "type": "boolean",
                      "description": "ended because it ran longer than timeout_s"
                    }
                  },
                  "required": [
                    "exit_code",
                    "stdout",
                    "stderr",
                    "truncated",
                    "timed_out"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/processes/{name}/logs": {
      "get": {
        "operationId": "readProcessLog",
        "summary": "The last lines of a process log; \"Accept: text/event-stream\" goes on with every new one",
        "description": "A stream has one event `line` for each line. It ends when the sandbox is stopped; what fails is a last event `error`.",
        "tags": [
          "Sandboxes"
        ],
        "parameters": [
          {
            "name": "tail",
            "in": "query",
            "description": "1–1000, default 200",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "name",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "process": {
                      "type": "string"
                    },
                    "lines": {
                      "type": "array",
                      "items": {
                        "type": "string"
                      }
                    }
                  },
                  "required": [
                    "process",
                    "lines"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/tasks": {
      "post": {
        "operationId": "submitTask",
        "summary": "Let a coding agent work in a sandbox; one that sleeps is woken",
        "description": "`model` is `provider/model`, or a model as the provider calls it. `timeout_s` 0 or absent: 600 seconds. `continue` (the default) goes on with the last session of this agent, where there is one.",
        "tags": [
          "Tasks"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "prompt": {
                    "type": "string",
                    "maxLength": 200000
                  },
                  "agent": {
                    "enum": [
                      "opencode",
                      "claude-code",
                      "codex"
                    ],
                    "type": "string",
                    "default": "opencode"
                  },
                  "model": {
                    "type": "string",
                    "pattern": "^[\\x21-\\x7e]{1,200}$"
                  },
                  "timeout_s": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 86400,
                    "default": 0
                  },
                  "continue": {
                    "type": "boolean",
                    "default": true
                  }
                },
                "required": [
                  "prompt"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "202": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "id": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    },
                    "sandbox_id": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    },
                    "status": {
                      "const": "running"
                    },
                    "agent": {
                      "enum": [
                        "opencode",
                        "claude-code",
                        "codex"
                      ],
                      "type": "string"
                    },
                    "events_url": {
                      "type": "string",
                      "description": "path of the events of this task"
                    }
                  },
                  "required": [
                    "id",
                    "sandbox_id",
                    "status",
                    "agent",
                    "events_url"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "task_in_progress, conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "sandbox_capacity, unavailable, node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "get": {
        "operationId": "listTasks",
        "summary": "List the tasks of a sandbox, newest first; also of one that is gone",
        "tags": [
          "Tasks"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "tasks": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/TaskResult"
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "tasks"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/tasks/{taskId}": {
      "get": {
        "operationId": "getTask",
        "summary": "Get a task and what it came to, also when its sandbox is gone",
        "tags": [
          "Tasks"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "taskId",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/TaskResult"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/tasks/{taskId}/events": {
      "get": {
        "operationId": "followTask",
        "summary": "Follow a task: server-sent events, until `done`",
        "description": "Events are `status`, `message`, `tool`, `build`, and as the last one `done`, which carries the TaskResult. Their ids count from 1. Can be replayed after the end; answers 204 to who has seen `done`. What fails on the way is a last event `error`. A comment every 15 seconds keeps the connection.",
        "tags": [
          "Tasks"
        ],
        "parameters": [
          {
            "name": "since",
            "in": "query",
            "description": "the id of the last event seen, default 0; the header Last-Event-ID goes before it",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "taskId",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "Server-sent events"
          },
          "204": {
            "description": "Nothing follows"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "unavailable, node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/tasks/{taskId}/log": {
      "get": {
        "operationId": "readTaskLog",
        "summary": "The agent's raw transcript",
        "tags": [
          "Tasks"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "taskId",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "Text"
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/tasks/{taskId}/diff": {
      "get": {
        "operationId": "readTaskDiff",
        "summary": "What a task changed, as a unified diff; empty before its end",
        "tags": [
          "Tasks"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "taskId",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "Text"
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/tasks/{taskId}/cancel": {
      "post": {
        "operationId": "cancelTask",
        "summary": "End a task; what it wrote stays",
        "tags": [
          "Tasks"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "taskId",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "id": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    },
                    "status": {
                      "const": "cancelling"
                    }
                  },
                  "required": [
                    "id",
                    "status"
                  ]
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/tasks/{taskId}/revert": {
      "post": {
        "operationId": "revertTask",
        "summary": "Put the app back to what it was before a task; that can be reverted too",
        "description": "With `checkpoint_id`, it is put back to that checkpoint of the sandbox instead: the one a revert answers undoes that revert.",
        "tags": [
          "Tasks"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "checkpoint_id": {
                    "type": "string",
                    "pattern": "^[0-9a-f]{40,64}$"
                  }
                },
                "required": []
              }
            }
          }
        },
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "taskId",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "checkpoint_id": {
                      "type": "string",
                      "description": "the commit that holds the app as it was before the revert; reverting to it undoes that"
                    },
                    "files_changed": {
                      "type": "array",
                      "items": {
                        "type": "string"
                      }
                    }
                  },
                  "required": [
                    "checkpoint_id",
                    "files_changed"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "task_in_progress",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "sandbox_capacity, node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes": {
      "get": {
        "operationId": "listSandboxes",
        "summary": "List sandboxes, newest first",
        "tags": [
          "Sandboxes"
        ],
        "parameters": [
          {
            "name": "limit",
            "in": "query",
            "description": "1–200, default 50",
            "schema": {
              "type": "string"
            }
          },
          {
            "name": "before",
            "in": "query",
            "description": "the next_before of the page before",
            "schema": {
              "type": "string"
            }
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "sandboxes": {
                      "type": "array",
                      "items": {
                        "$ref": "#/components/schemas/Sandbox"
                      }
                    },
                    "next_before": {
                      "type": "string",
                      "description": "ULID, canonical upper case"
                    }
                  },
                  "required": [
                    "sandboxes"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "post": {
        "operationId": "createSandbox",
        "summary": "Create a project's sandbox, or return the one it has",
        "tags": [
          "Sandboxes"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "project": {
                    "type": "object",
                    "properties": {
                      "id": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 256
                      },
                      "user_id": {
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 256
                      }
                    },
                    "required": [
                      "id",
                      "user_id"
                    ]
                  },
                  "visibility": {
                    "enum": [
                      "public",
                      "private"
                    ],
                    "type": "string"
                  },
                  "template": {
                    "type": "string"
                  },
                  "from_snapshot": {
                    "type": "string",
                    "minLength": 1
                  },
                  "runtime_preset": {
                    "type": "string"
                  }
                },
                "required": [
                  "project"
                ]
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "201": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable, sandbox_capacity",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}": {
      "get": {
        "operationId": "getSandbox",
        "summary": "Get a sandbox",
        "tags": [
          "Sandboxes"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "patch": {
        "operationId": "updateSandbox",
        "summary": "Change visibility or idle policy",
        "tags": [
          "Sandboxes"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "visibility": {
                    "enum": [
                      "public",
                      "private"
                    ],
                    "type": "string"
                  },
                  "idle_policy": {
                    "enum": [
                      "sleep",
                      "always_on"
                    ],
                    "type": "string"
                  }
                },
                "required": [],
                "additionalProperties": false
              }
            }
          }
        },
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      },
      "delete": {
        "operationId": "deleteSandbox",
        "summary": "Destroy container and workspace",
        "tags": [
          "Sandboxes"
        ],
        "parameters": [
          {
            "name": "workspace",
            "in": "query",
            "description": "keep: only the container goes; a later start finds the workspace",
            "schema": {
              "type": "string"
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "204": {
            "description": "Deleted"
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "task_in_progress, conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/start": {
      "post": {
        "operationId": "startSandbox",
        "summary": "Start a sandbox; one that runs is left as it is",
        "tags": [
          "Sandboxes"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable, sandbox_capacity",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/stop": {
      "post": {
        "operationId": "stopSandbox",
        "summary": "Stop a sandbox; its workspace stays, and the next visit wakes it",
        "tags": [
          "Sandboxes"
        ],
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "task_in_progress, conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/keepalive": {
      "post": {
        "operationId": "keepSandboxAwake",
        "summary": "Keep a sandbox from falling asleep for a while; one that sleeps is left asleep",
        "description": "`until` is unix seconds or an RFC 3339 time, `seconds` counts from now: give one of them. It takes the place of an earlier one. What is asked beyond `lifecycle.keepalive_max_seconds` of the settings is cut to that; `keepalive_until` says what came of it.",
        "tags": [
          "Sandboxes"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "until": {
                    "anyOf": [
                      {
                        "type": "number"
                      },
                      {
                        "type": "string"
                      }
                    ]
                  },
                  "seconds": {
                    "type": "integer",
                    "minimum": 1
                  }
                },
                "required": []
              }
            }
          }
        },
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/restart-processes": {
      "post": {
        "operationId": "restartProcesses",
        "summary": "Restart processes now, after an install if one is needed; a sandbox that sleeps is left asleep",
        "tags": [
          "Sandboxes"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "scope": {
                    "enum": [
                      "all",
                      "after_task"
                    ],
                    "type": "string",
                    "default": "all"
                  }
                },
                "required": []
              }
            }
          }
        },
        "parameters": [
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Sandbox"
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "502": {
            "description": "sandbox_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "503": {
            "description": "node_unavailable",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    },
    "/v1/sandboxes/{id}/preview-link": {
      "post": {
        "operationId": "createPreviewLink",
        "summary": "Make a link that opens a private preview for whoever holds it",
        "tags": [
          "Sandboxes"
        ],
        "requestBody": {
          "content": {
            "application/json": {
              "schema": {
                "type": "object",
                "properties": {
                  "port": {
                    "type": "number"
                  },
                  "ttl_s": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": 604800,
                    "default": 3600
                  }
                },
                "required": []
              }
            }
          }
        },
        "parameters": [
          {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "1–255 printable ASCII characters of your own. For 24 hours the same request with the same key gets the first answer, with `Idempotency-Replayed: true`, and makes nothing new; another request with it is a 409. A request that failed may be repeated with its key.",
            "schema": {
              "type": "string",
              "minLength": 1,
              "maxLength": 255
            }
          },
          {
            "schema": {
              "type": "string"
            },
            "in": "path",
            "name": "id",
            "required": true
          }
        ],
        "responses": {
          "200": {
            "description": "OK",
            "content": {
              "application/json": {
                "schema": {
                  "type": "object",
                  "properties": {
                    "url": {
                      "type": "string"
                    },
                    "expires_at": {
                      "type": "string",
                      "description": "RFC 3339 UTC"
                    }
                  },
                  "required": [
                    "url",
                    "expires_at"
                  ]
                }
              }
            }
          },
          "400": {
            "description": "invalid_request",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "401": {
            "description": "unauthorized",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "404": {
            "description": "not_found",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "409": {
            "description": "conflict",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "413": {
            "description": "payload_too_large",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          },
          "500": {
            "description": "internal",
            "content": {
              "application/json": {
                "schema": {
                  "$ref": "#/components/schemas/Error"
                }
              }
            }
          }
        }
      }
    }
  }
} as const;
