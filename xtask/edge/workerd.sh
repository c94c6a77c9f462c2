#!/bin/sh
# Miniflare starts this in workerd's place. It notes the process id, which Miniflare keeps to itself, so that the
# next start of the edge can end a workerd whose node was killed.
echo $$ > "$PATR_EDGE_STATE/workerd.pid" && exec "$PATR_EDGE_WORKERD" "$@"
