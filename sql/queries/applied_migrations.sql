select version, name, checksum from espalier.migration order by version
