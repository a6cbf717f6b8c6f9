select exists (select from espalier.job)
