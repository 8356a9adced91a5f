#!/bin/sh
# Makes what the services of compose.yml know each other by: certificates, passwords, API keys.
#
#   secrets.sh        makes what is missing and keeps what is there
#   secrets.sh show   prints what a person needs to sign in
#
# Each folder below $STACK is a volume that only those services get which need it:
#   authority      the key of the certificate authority; nobody but this script
#   elasticsearch  certificate and key of the node, passwords that it is to know
#   kibana         kibana.yml, with the password of kibana_system and the keys of saved objects
#   admin          the superuser's way in, and the key that Elasticsearch sends to the server
#   app            the way in of the server and of `ingest`, the hashes of the server's keys, and
#                  the key of the hosted API where there is one
set -eu
umask 077

STACK=${STACK:-/stack}
ELASTICSEARCH_USER=1000:0
KIBANA_USER=1000:0
ES_JINA_USER=10001:10001
DAYS_LEFT_TO_RENEW=30

fail() {
    echo "secrets: $1" >&2
    exit 1
}

random() {
    openssl rand -hex "$1"
}

# A file appears whole or not at all, however this ends; services that run see no change of one that
# is the same.
put() {
    cat > "$1.new"
    if cmp -s "$1.new" "$1"; then rm "$1.new"; else mv "$1.new" "$1"; fi
}

password() { # FILE [CHOSEN]
    [ ! -s "$1" ] || return 0
    chosen=${2:-$(random 16)}
    # They are written into YAML, TOML, JSON and headers as they are.
    case $chosen in
    *[!A-Za-z0-9._-]*) fail "a password in .env may have letters, digits, dots, dashes and underscores; or leave it empty" ;;
    ??????*) ;;
    *) fail "a password in .env must have 6 characters or more; or leave it empty" ;;
    esac
    printf '%s' "$chosen" | put "$1"
}

authority() {
    [ ! -s "$STACK/authority/ca.crt" ] || return 0
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 3650 \
        -keyout "$STACK/authority/ca.key" -out "$STACK/authority/ca.new" \
        -subj "/CN=es-jina stack authority" \
        -addext "basicConstraints=critical,CA:TRUE,pathlen:0" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" 2> /dev/null
    mv "$STACK/authority/ca.new" "$STACK/authority/ca.crt"
}

is_current() { # whether the node's certificate is of this authority and lasts
    [ -s "$1" ] || return 1
    openssl verify -CAfile "$STACK/authority/ca.crt" "$1" > /dev/null 2>&1 || return 1
    openssl x509 -in "$1" -noout -checkend $((DAYS_LEFT_TO_RENEW * 86400)) > /dev/null
}

certificate() {
    node=$STACK/elasticsearch/node
    ! is_current "$node.crt" || return 0
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj "/CN=elasticsearch" \
        -keyout "$node.key" -out "$node.csr" 2> /dev/null
    cat > "$node.ext" << END
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = serverAuth,clientAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = DNS:elasticsearch,DNS:localhost,IP:127.0.0.1
END
    openssl x509 -req -in "$node.csr" -extfile "$node.ext" -days 730 \
        -CA "$STACK/authority/ca.crt" -CAkey "$STACK/authority/ca.key" \
        -out "$node.new" 2> /dev/null
    mv "$node.new" "$node.crt"
    rm "$node.csr" "$node.ext"
}

is_known() { # whether the server knows the key in a file
    [ -s "$1" ] && [ -s "$STACK/app/keys.txt" ] || return 1
    digest=$(tr -d '\n' < "$1" | sha256sum | cut -d ' ' -f 1)
    grep -q "sha256:$digest" "$STACK/app/keys.txt"
}

api_key() { # NAME FILE
    ! is_known "$2" || return 0
    key=$(es-jina key "$1" --file "$STACK/app/keys.txt")
    echo "$key" | put "$2"
}

jina_api_key() { # KEY; one that is taken out of .env is not kept
    if [ -n "$1" ]; then
        echo "$1" | put "$STACK/app/jina-api.key"
    else
        rm -f "$STACK/app/jina-api.key"
    fi
}

client() { # FOLDER USER PASSWORD-FILE
    put "$STACK/$1/es-jina.toml" << END
url = "https://elasticsearch:9200"
username = "$2"
password = "$(cat "$3")"
ca_certs = "ca.crt"
END
}

kibana() {
    [ -s "$STACK/kibana/encryption.key" ] || random 32 | put "$STACK/kibana/encryption.key"
    put "$STACK/kibana/kibana.yml" << END
server.host: "0.0.0.0"
elasticsearch.hosts: ["https://elasticsearch:9200"]
elasticsearch.username: "kibana_system"
elasticsearch.password: "$(cat "$STACK/elasticsearch/kibana_system.password")"
elasticsearch.ssl.certificateAuthorities: ["/usr/share/kibana/config/stack/ca.crt"]
xpack.encryptedSavedObjects.encryptionKey: "$(cat "$STACK/kibana/encryption.key")"
END
}

owned_by() { # USER FOLDER
    [ "$(id -u)" -ne 0 ] || chown -R "$1" "$2"
}

show() {
    echo "Kibana and Elasticsearch: user elastic, password $(cat "$STACK/elasticsearch/elastic.password")"
    echo "Search page:              key $(cat "$STACK/admin/people.key")"
}

[ "${1:-}" != show ] || { show; exit; }

for folder in authority elasticsearch kibana admin app; do
    mkdir -p "$STACK/$folder"
done
authority
certificate
for folder in elasticsearch kibana admin app; do
    put "$STACK/$folder/ca.crt" < "$STACK/authority/ca.crt"
done
password "$STACK/elasticsearch/elastic.password" "${ELASTIC_PASSWORD:-}"
password "$STACK/elasticsearch/kibana_system.password" "${KIBANA_PASSWORD:-}"
password "$STACK/elasticsearch/es_jina.password"
kibana
api_key elasticsearch "$STACK/admin/elasticsearch.key"
api_key people "$STACK/admin/people.key"
api_key ingest "$STACK/app/ingest.key"
jina_api_key "${JINA_API_KEY:-}"
client admin elastic "$STACK/elasticsearch/elastic.password"
client app es_jina "$STACK/elasticsearch/es_jina.password"
owned_by "$ELASTICSEARCH_USER" "$STACK/elasticsearch"
owned_by "$KIBANA_USER" "$STACK/kibana"
owned_by "$ES_JINA_USER" "$STACK/admin"
owned_by "$ES_JINA_USER" "$STACK/app"
echo "Certificates, passwords and keys are there; how to sign in: docker compose run --rm secrets show"
