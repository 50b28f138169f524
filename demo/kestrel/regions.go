package kestrel

// A region has titles and names in one language. Lists are words with a blank
// between; a word with a colon is name:ASCII.
type region struct {
	title, order        string // order says how family and given name make a name
	sites, units, teams string // two teams for each of the first units
	family, given       string
}

func regions() []region {
	return []region{
		{
			title: "DACH", order: "%[2]s %[1]s",
			sites:  "Berlin Hamburg München Köln Wien Zürich",
			units:  "Entwicklung Vertrieb Kundendienst Logistik Einkauf Finanzen Personal",
			teams:  "Plattform Apps Innendienst Außendienst Hotline Werkstatt Lager Versand",
			family: "Müller:mueller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Schäfer:schaefer Koch Bauer Richter Klein Wolf Schröder:schroeder Neumann Schwarz Zimmermann Braun Krüger:krueger Hofmann Hartmann Lange Werner Krause Lehmann Köhler:koehler Huber Gruber Steiner Keller Vogel Yılmaz:yilmaz Nowak",
			given:  "Anna Lukas Marie Felix Sophie Jonas Lena Paul Laura Maximilian Julia Leon Katharina Tim Hannah Elias Johanna Moritz Clara Jakob Emilia Fabian Greta Simon Charlotte Niklas Franziska Tobias Miriam Jürgen:juergen Ayşe:ayse Björn:bjoern Zoë:zoe Matthias Ines Rolf",
		},
		{
			title: "Atlantic", order: "%[2]s %[1]s",
			sites:  "London Dublin Boston Austin Toronto Sydney",
			units:  "Engineering Sales Support Logistics Procurement Finance People",
			teams:  "Platform Apps Inside Field Helpdesk Repair Warehouse Dispatch",
			family: "Smith Jones Taylor Brown Williams Wilson Johnson Davies Robinson Wright Thompson Evans Walker White Roberts Green Hall Wood Harris Martin Jackson Clarke Patel Khan Lewis James Phillips Mason Mitchell Rose Davis Rodríguez:rodriguez García:garcia Murphy O'Brien:obrien Nguyen",
			given:  "Oliver Amelia George Isla Arthur Ava Noah Mia Muhammad Ivy Leo Lily Oscar Freya Harry Grace Archie Emily Jack Sofia Henry Poppy Charlie Ella Freddie Evie Thomas Willow Theo Rosie Siân:sian Zoe Priya Aoife Mateo Renée:renee",
		},
		{
			title: "中国区", order: "%[1]s%[2]s",
			sites:  "上海 北京 深圳 杭州 成都 广州",
			units:  "研发部 销售部 客服部 物流部 采购部 财务部 人事部",
			teams:  "平台组 应用组 内勤组 大客户组 热线组 维修组 仓储组 发货组",
			family: "王:wang 李:li 张:zhang 刘:liu 陈:chen 杨:yang 赵:zhao 黄:huang 周:zhou 吴:wu 徐:xu 孙:sun 胡:hu 朱:zhu 高:gao 林:lin 何:he 郭:guo 马:ma 罗:luo 梁:liang 宋:song 郑:zheng 谢:xie 韩:han 唐:tang 冯:feng 于:yu 董:dong 萧:xiao 程:cheng 曹:cao 袁:yuan 邓:deng 欧阳:ouyang 司马:sima",
			given:  "伟:wei 芳:fang 娜:na 秀英:xiuying 敏:min 静:jing 丽:li 强:qiang 磊:lei 军:jun 洋:yang 勇:yong 艳:yan 杰:jie 娟:juan 涛:tao 明:ming 超:chao 霞:xia 平:ping 建国:jianguo 思远:siyuan 雨桐:yutong 梓涵:zihan 浩然:haoran 欣怡:xinyi 子轩:zixuan 诗涵:shihan 俊杰:junjie 晓东:xiaodong 佳琪:jiaqi 文博:wenbo 嘉怡:jiayi 天宇:tianyu 若曦:ruoxi 海燕:haiyan",
		},
	}
}
