select to_regclass('espalier.migration') is not null, to_regclass('espalier.job') is not null
