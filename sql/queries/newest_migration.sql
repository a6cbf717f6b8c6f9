select version, name from espalier.migration where version > 0 order by version desc limit 1
