#!/bin/sh
# Gives Kibana's own user its password, and the server and `ingest` a user who may do no more than
# read and write INDEX. It runs in Elasticsearch's image, which has curl.
set -eu

CONFIG=${CONFIG:-/usr/share/elasticsearch/config/stack}
ELASTICSEARCH=${ELASTICSEARCH:-https://elasticsearch:9200}

case ${INDEX:?} in
*[!a-z0-9_.-]* | [_.-]*)
    echo "accounts: INDEX=$INDEX: take small letters, digits, dots, dashes and underscores" >&2
    exit 1
    ;;
esac

# Passwords, in the body too, go through pipes: command lines are shown to everybody on a machine.
put() { # PATH, the body on descriptor 3
    printf 'user = "elastic:%s"\n' "$(cat "$CONFIG/elastic.password")" |
        curl --config - --cacert "$CONFIG/ca.crt" --silent --show-error --fail-with-body \
            --retry 10 --retry-max-time 120 --retry-connrefused \
            --request PUT --header "Content-Type: application/json" --data @/dev/fd/3 \
            "$ELASTICSEARCH/_security/$1"
    echo
}

put user/kibana_system/_password 3<< END
{"password": "$(cat "$CONFIG/kibana_system.password")"}
END
# es-jina-probe is the name of no index: writing there, unsuccessfully, tells how vectors may be sent.
put role/es_jina 3<< END
{
  "cluster": ["monitor"],
  "indices": [
    {
      "names": ["$INDEX", "$INDEX-*"],
      "privileges": ["read", "write", "view_index_metadata", "maintenance", "monitor"]
    },
    {"names": ["es-jina-probe"], "privileges": ["write", "create_doc"]}
  ]
}
END
put user/es_jina 3<< END
{"password": "$(cat "$CONFIG/es_jina.password")", "roles": ["es_jina"], "full_name": "es-jina"}
END
