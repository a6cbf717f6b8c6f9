drop schema if exists espalier_replaced cascade
