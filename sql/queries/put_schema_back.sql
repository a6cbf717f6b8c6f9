-- Its views are made anew when it is opened next.
do $$
begin
  drop schema if exists espalier cascade;
  if to_regnamespace('espalier_replaced') is not null then
    alter schema espalier_replaced rename to espalier;
    if to_regclass('espalier.migration') is not null then
      delete from espalier.migration where version = 0;
    end if;
  end if;
end
$$
