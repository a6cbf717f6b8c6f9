-- A dump doesn't hold them: they are made when the database is opened.
delete from espalier.migration where version = 0
